import { expect, it } from 'vitest';
import {
  ALL_STATUSES,
  isTerminal,
  legalNext,
  statusBeforeHold,
  statusText,
  statusTone,
  STATUSES,
} from '../src/lib/lifecycle';
import type { Status, TimelineEntry } from '../src/lib/types';

const entry = (seq: number, status: Status | null, out_of_order = false): TimelineEntry =>
  ({
    event: { id: `tev_${seq}`, seq, status, occurred_at: `2026-11-20T08:${String(seq).padStart(2, '0')}:00Z` },
    flags: { late_event: false, out_of_order, retracted: false },
  }) as TimelineEntry;

it('lets nothing follow a terminal status', () => {
  for (const status of ALL_STATUSES.filter(isTerminal)) expect(legalNext(status, null)).toEqual([]);
});

it('names only known statuses, never the present one', () => {
  for (const status of ALL_STATUSES) {
    const next = legalNext(status, null);
    expect(next.filter((one) => !ALL_STATUSES.includes(one))).toEqual([]);
    if (status !== 'on_hold') expect(next).not.toContain(status);
  }
});

it('leads out of a hold to where it was, or on, but not back', () => {
  const next = legalNext('on_hold', 'in_transit');
  expect(next).toContain('in_transit');
  expect(next).toContain('delivered');
  expect(next).not.toContain('picked_up');
});

it('finds the status before a hold, past what changed nothing', () => {
  const timeline = [
    entry(3, 'on_hold'),
    entry(1, 'picked_up'),
    entry(2, 'in_transit'),
    entry(4, 'created', true),
    entry(5, null),
  ];
  expect(statusBeforeHold(timeline)).toBe('in_transit');
});

it('shows a status that is newer than this page as it comes', () => {
  expect(statusText('beamed_up' as Status)).toBe('Beamed up');
  expect(statusTone('beamed_up' as Status)).toBe('unknown');
  expect(Object.keys(STATUSES)).toHaveLength(17);
});
