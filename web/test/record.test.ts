import { expect, it } from 'vitest';
import { addressLines, ADDRESS_FIELDS } from '../src/lib/address';
import { newBody, parsePoint, patchBody, pointText, rebase, shownFields, toForm } from '../src/lib/record';
import type { FieldSpec } from '../src/lib/record';
import { isAbout } from '../src/lib/ui/form.svelte';

const EMPTY = { line1: null, line2: null, city: null, state: null, postal_code: null, country: null, point: null };
const BERLIN = { lat: 52.5163, lon: 13.3777 };

it('reads points with a comma or a blank, and gives back what is none for the server to judge', () => {
  expect(parsePoint(' 52.5163, 13.3777 ')).toEqual(BERLIN);
  expect(parsePoint('52.5163 13.3777')).toEqual(BERLIN);
  expect(parsePoint('  ')).toBeNull();
  expect(parsePoint('Berlin')?.lat).toBeNaN();
  expect(parsePoint(pointText({ lat: -0.1234567, lon: 180 }))).toEqual({ lat: -0.123457, lon: 180 });
});

it('patches the parts of an address alone', () => {
  const record = { address: { ...EMPTY, city: 'Berlin', point: BERLIN } };
  const form = toForm(record, ADDRESS_FIELDS);
  expect(patchBody(record, form, ADDRESS_FIELDS)).toEqual({});
  expect(patchBody(record, { ...form, 'address/country': 'de', 'address/point': '' }, ADDRESS_FIELDS)).toEqual({
    address: { country: 'DE', point: null },
  });
  expect(addressLines({ ...EMPTY, line1: 'Unter den Linden 1', postal_code: '10117', city: 'Berlin' })).toEqual([
    'Unter den Linden 1',
    '10117 Berlin',
  ]);
});

const METADATA: FieldSpec[] = [{ name: 'metadata', label: 'Metadata', kind: 'json' }];

it('patches free data so that what was taken out is gone', () => {
  const record = { metadata: { fragile: true, shelf: { row: 4, side: 'left' } } };
  const values = { metadata: '{"shelf":{"row":5},"colour":"red"}' };
  expect(patchBody(record, values, METADATA)).toEqual({
    metadata: { shelf: { row: 5, side: null }, colour: 'red', fragile: null },
  });
  expect(patchBody(record, { metadata: '' }, METADATA)).toEqual({ metadata: { fragile: null, shelf: null } });
  expect(patchBody(record, { metadata: '{' }, METADATA)).toEqual({ metadata: '{' });
  expect(toForm({ metadata: {} }, METADATA)).toEqual({ metadata: '' });
});

const LEG: FieldSpec[] = [
  { name: 'mode', label: 'Mode', kind: 'choice', initial: 'fleet' },
  { name: 'driver_id', label: 'Driver', kind: 'choice', when: ({ mode }) => mode === 'fleet' },
  { name: 'carrier', label: 'Carrier', when: ({ mode }) => mode === 'carrier' },
];

it('empties a field that is no longer there', () => {
  const record = { mode: 'fleet', driver_id: 'drv_1', carrier: null };
  const values = { mode: 'carrier', driver_id: 'drv_1', carrier: 'DHL' };
  expect(patchBody(record, values, LEG)).toEqual({ mode: 'carrier', driver_id: null, carrier: 'DHL' });
  expect(newBody(values, LEG)).toEqual({ mode: 'carrier', carrier: 'DHL' });
  expect(shownFields(LEG, values).map(({ name }) => name)).toEqual(['mode', 'carrier']);
});

it('keeps what the reader changed, and takes everything else from the newest state', () => {
  const before = { mode: 'carrier', driver_id: null, carrier: 'DHL' };
  const newest = { mode: 'fleet', driver_id: 'drv_2', carrier: 'GLS' };
  const values = { ...toForm(before, LEG), carrier: 'UPS' };
  expect(rebase(before, newest, values, LEG)).toEqual({ mode: 'fleet', driver_id: 'drv_2', carrier: 'UPS' });
});

it('shows a rule about a part of a field at the field', () => {
  expect(isAbout('/address/point/lat', '/address/point')).toBe(true);
  expect(isAbout('/packages/10', '/packages/1')).toBe(false);
});
