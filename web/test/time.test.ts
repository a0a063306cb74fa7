import { expect, it } from 'vitest';
import {
  atOffset,
  closeTogether,
  confidenceText,
  knownZone,
  lagText,
  offsetText,
  relativeText,
  spanText,
  windowText,
  zonedText,
  zonesText,
} from '../src/lib/time';

it('says spans in at most two units', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [86_400, '1 d'],
    [187_200, '2 d 4 h'],
    [-5, '0 s'],
  ];
  for (const [seconds, text] of cases) expect(spanText(seconds)).toBe(text);
});

it('says how long ago or how far ahead', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  expect(relativeText('2026-11-20T11:59:55Z', now)).toBe('just now');
  expect(relativeText('2026-11-20T11:55:00Z', now)).toBe('5 min ago');
  expect(relativeText('2026-11-20T08:55:00Z', now)).toBe('3 h ago');
  expect(relativeText('2026-11-20T14:00:00Z', now)).toBe('in 2 h');
  expect(relativeText('not a time', now)).toBe('–');
});

it('writes offsets with their sign, half hours included', () => {
  expect(offsetText(0)).toBe('UTC');
  expect(offsetText(3600)).toBe('UTC+01:00');
  expect(offsetText(-12_600)).toBe('UTC−03:30');
  expect(offsetText(20_700)).toBe('UTC+05:45');
});

it('shows the clock of the source, not of the reader', () => {
  expect(atOffset('2026-11-20T23:30:00Z', 3600)).toBe('21 Nov 2026, 00:30');
  expect(atOffset('2026-11-20T03:00:00Z', -18_000)).toBe('19 Nov 2026, 22:00');
});

it('tells instants apart by their seconds where minutes do not', () => {
  expect(closeTogether('2026-11-20T08:00:50Z', '2026-11-20T08:01:05Z')).toBe(true);
  expect(closeTogether('2026-11-20T08:00:00Z', '2026-11-20T08:01:00Z')).toBe(false);
  expect(atOffset('2026-11-20T23:30:05Z', 3600, true)).toBe('21 Nov 2026, 00:30:05');
});

it('names the zone with the time, summer time and half hours included', () => {
  expect(zonedText('2026-11-20T07:47:00Z', 'Europe/Lisbon')).toBe('20 Nov 2026, 07:47 UTC');
  expect(zonedText('2026-06-20T07:47:00Z', 'Europe/Lisbon')).toBe('20 Jun 2026, 08:47 UTC+01:00');
  expect(zonedText('2026-11-20T07:47:00Z', 'America/St_Johns')).toBe('20 Nov 2026, 04:17 UTC−03:30');
  expect(zonedText('not a time', 'UTC')).toBe('–');
});

it("falls back to the reader's zone where none is known", () => {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(knownZone('America/New_York')).toBe('America/New_York');
  expect(knownZone('Europe/Nowhere')).toBeNull();
  expect(knownZone(null)).toBeNull();
  expect(zonesText('America/New_York')).toBe('All times are those of the destination, America/New York.');
  expect(zonesText(null)).toBe(`All times are in your time zone, ${own.replaceAll('_', ' ')}.`);
});

it('says windows with one day, two days, or one end', () => {
  const day = '2026-11-20';
  expect(windowText(`${day}T14:00:00Z`, `${day}T16:00:00Z`, 'UTC')).toBe(
    'Fri, 20 Nov, 14:00–16:00'.replace('Fri,', 'Fri'),
  );
  expect(windowText(`${day}T22:00:00Z`, '2026-11-21T01:00:00Z', 'UTC')).toContain('Sat');
  expect(windowText(null, `${day}T16:00:00Z`, 'UTC')).toMatch(/^by .*16:00$/);
  expect(windowText(`${day}T14:00:00Z`, null, 'UTC')).toMatch(/^from .*14:00$/);
  expect(windowText(null, null)).toBeNull();
});

it('tells how late a fact came in, and how sure its offset is', () => {
  expect(lagText('2026-11-20T08:00:00Z', '2026-11-20T08:00:30.4Z')).toBe('30 s later');
  expect(lagText('2026-11-20T08:00:00Z', '2026-11-20T08:00:00.2Z')).toBe('at once');
  expect(lagText('2026-11-20T08:00:02Z', '2026-11-20T08:00:00Z')).toBe('2 s earlier');
  expect(lagText('2026-11-20T08:00:00Z', '2026-11-20T09:10:00Z')).toBe('1 h 10 min later');
  expect(confidenceText('exact')).toBeNull();
  expect(confidenceText('assumed')).toBe('time zone assumed');
  expect(confidenceText('unknown')).toBe('time zone unknown');
});
