import { expect, it } from 'vitest';
import { edgeText, outcomeOf, summaryText } from '../src/lib/explain';
import { dateTime } from '../src/lib/time';
import type { ZoneDecision } from '../src/lib/types';

const decision = (outcome: ZoneDecision['outcome'], more: Partial<ZoneDecision> = {}): ZoneDecision => ({
  distance_m: 12,
  accuracy_m: 5,
  enter_margin_m: 15,
  exit_margin_m: 20,
  side: 'undecided',
  inside_before: false,
  inside_after: false,
  confirmations: 1,
  confirmations_needed: 2,
  beyond_s: 31.4,
  outcome,
  ...more,
});
const textOf = (outcome: ZoneDecision['outcome'], more: Partial<ZoneDecision> = {}) =>
  outcomeOf({ mark: null, decision: decision(outcome, more) });

it('says what came of each position', () => {
  expect(outcomeOf({ mark: 'teleport', decision: null }).text).toBe('Not believed: Too far away for any speed');
  expect(outcomeOf({ mark: null, decision: null }).text).toBe('Too inaccurate, or from the future: not asked');
  expect(textOf('unchanged').text).toBe('Outside already: nothing new');
  expect(textOf({ told: 'enter' })).toEqual({ look: 'told', text: 'Proved: entered' });
  expect(textOf({ untold: 'exit' })).toEqual({ look: 'held', text: 'Proved, but not told: left' });
  expect(textOf({ held: 'near_edge' })).toEqual({
    look: 'held',
    text: 'Too near to the edge: certain from 15 m beyond it',
  });
  expect(textOf({ held: 'near_edge' }, { inside_before: true }).text).toContain('20 m');
  expect(textOf({ held: 'confirming' }).text).toBe('Certain, but confirmation 1 of 2, after 31 s');
});

it('says how far the edge is', () => {
  expect(edgeText(42.4)).toBe('42 m outside');
  expect(edgeText(-1234)).toBe('1,234 m inside');
  expect(edgeText(65_432)).toBe('65.4 km outside');
  expect(edgeText(0.2)).toBe('on the edge');
});

it('tells instants by the clock of the reader', () => {
  const at = '2026-03-01T08:05:00.5Z';
  const shown = dateTime(at, undefined, true);
  expect(summaryText(`the device left the zone at ${at}, proved by the position of ${at}`)).toBe(
    `The device left the zone at ${shown}, proved by the position of ${shown}.`,
  );
});
