import { expect, it } from 'vitest';
import { problemFrom, withQuery } from '../src/lib/api';
import { backoffMs, subscribeMessage } from '../src/lib/live/connection';
import { newBody, patchBody, toForm, type FieldSpec } from '../src/lib/record';

it('reads a problem by field, without the fragment sign', () => {
  const problem = problemFrom(422, {
    title: 'Broken',
    detail: 'two rules are broken',
    errors: [
      { pointer: '#/packages/0/weight_kg', detail: 'must be from 0 to 100000' },
      { pointer: 'limit', detail: 'too high' },
      { nonsense: true },
    ],
  });
  expect(problem.message).toBe('two rules are broken');
  expect(problem.fields).toEqual({ '/packages/0/weight_kg': 'must be from 0 to 100000', limit: 'too high' });
});

it('keeps what would be allowed, and survives an answer that is no problem document', () => {
  expect(problemFrom(409, { allowed: ['delivered'] }).allowed).toEqual(['delivered']);
  expect(problemFrom(502, null).message).toBe('The server answered 502.');
  expect(problemFrom(500, 'text').errors).toEqual([]);
});

it('leaves empty values out of a query', () => {
  expect(withQuery('/v1/x', { a: '', b: null, c: undefined, d: 0, e: ['x', 'y'] })).toBe('/v1/x?d=0&e=x%2Cy');
  expect(withQuery('/v1/x')).toBe('/v1/x');
});

it('waits longer after each failure, up to half a minute, and spreads', () => {
  expect(backoffMs(1, 0)).toBe(500);
  expect(backoffMs(1, 1)).toBe(1000);
  expect(backoffMs(4, 1)).toBeGreaterThan(backoffMs(3, 1));
  expect(backoffMs(50, 1)).toBe(30_000);
  expect(backoffMs(50, 0)).toBe(15_000);
});

it('resumes from the last event heard', () => {
  expect(subscribeMessage(null)).not.toHaveProperty('resume');
  expect(subscribeMessage('0-17')).toMatchObject({ type: 'subscribe', all: true, resume: '0-17' });
});

const FIELDS: FieldSpec[] = [
  { name: 'name', label: 'Name' },
  { name: 'capacity_kg', label: 'Capacity', kind: 'number' },
  { name: 'skills', label: 'Skills', kind: 'words' },
  { name: 'disabled', label: 'Disabled', kind: 'flag' },
  { name: 'settings/link_days', label: 'Days', kind: 'number' },
];
const RECORD = {
  name: 'Van',
  capacity_kg: 900,
  skills: ['cold', 'lift'],
  disabled: false,
  settings: { link_days: 30 },
};

it('patches only what was changed', () => {
  const form = toForm(RECORD, FIELDS);
  expect(patchBody(RECORD, form, FIELDS)).toEqual({});
  expect(patchBody(RECORD, { ...form, capacity_kg: '', 'settings/link_days': '7' }, FIELDS)).toEqual({
    capacity_kg: null,
    settings: { link_days: 7 },
  });
  expect(patchBody(RECORD, { ...form, skills: 'cold, ', disabled: 'true' }, FIELDS)).toEqual({
    skills: ['cold'],
    disabled: true,
  });
});

it('leaves the judgement about numbers to the server', () => {
  expect(newBody({ name: ' Van ', capacity_kg: 'heavy', skills: '' }, FIELDS)).toEqual({
    name: 'Van',
    capacity_kg: 'heavy',
    skills: [],
    disabled: false,
  });
});
