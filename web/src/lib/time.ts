// Instants as people read them. Pure: the present instant is always given.

import type { TzConfidence } from './types';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** A span of whole seconds in one or two units: "45 s", "12 min", "3 h 5 min", "2 d 4 h". */
export function spanText(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE) return `${s} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) => {
    const rest = Math.floor((s % big) / small);
    return rest > 0 ? `${Math.floor(s / big)} ${bigUnit} ${rest} ${smallUnit}` : `${Math.floor(s / big)} ${bigUnit}`;
  };
  return s < DAY ? two(HOUR, 'h', MINUTE, 'min') : two(DAY, 'd', HOUR, 'h');
}

/** How long ago, or how far ahead: "just now", "5 min ago", "in 2 h". */
export function relativeText(instant: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(instant)) / 1000;
  if (Number.isNaN(seconds)) return '–';
  if (Math.abs(seconds) < 10) return 'just now';
  // One unit is enough from an hour on: "3 h ago" reads better than "3 h 5 min ago".
  const text = spanText(Math.abs(seconds)).split(' ').slice(0, 2).join(' ');
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** "UTC", "UTC+02:00", "UTC−03:30" from seconds east of UTC. */
export function offsetText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return 'UTC';
  const minutes = Math.round(Math.abs(offsetSeconds) / 60);
  const pad = (n: number) => String(n).padStart(2, '0');
  return `UTC${offsetSeconds > 0 ? '+' : '−'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

/** Date and time at a stated offset, as the source's clock showed it: "20 Nov 2026, 14:03". */
export function atOffset(instant: string, offsetSeconds: number, seconds = false): string {
  return dateTime(new Date(Date.parse(instant) + offsetSeconds * 1000), 'UTC', seconds);
}

/** Date and time in a zone; without one, in the reader's. With seconds where minutes do not tell enough. */
export function dateTime(instant: Date | string, timeZone?: string, seconds = false): string {
  const date = typeof instant === 'string' ? new Date(instant) : instant;
  if (Number.isNaN(date.getTime())) return '–';
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: seconds ? '2-digit' : undefined,
    timeZone,
  }).format(date);
}

/** The zone of the reader. */
export const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A zone by the name that this browser knows it under; none when it knows none. */
export function knownZone(name: string | null): string | null {
  try {
    return name && new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** What the clocks of a zone are called at an instant: "UTC", "UTC+01:00", as {@link offsetText} says it. */
export function zoneText(instant: Date | string, timeZone: string): string {
  const date = typeof instant === 'string' ? new Date(instant) : instant;
  if (Number.isNaN(date.getTime())) return '';
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' }).formatToParts(date);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return name.replace('GMT', 'UTC').replace('+00:00', '').replace('-', '−');
}

/** Date and time in a zone, with its name: "20 Nov 2026, 14:03 UTC+01:00". */
export const zonedText = (instant: string, timeZone: string): string =>
  `${dateTime(instant, timeZone)} ${zoneText(instant, timeZone)}`.trim();

/** Whose zone all times of a page are in, in the words of the server's page: the destination's, else the reader's. */
export function zonesText(destination: string | null): string {
  const whose = destination ? 'those of the destination' : 'in your time zone';
  return `All times are ${whose}, ${(destination ?? ownZone()).replaceAll('_', ' ')}.`;
}

/** A day in a zone: "Fri 20 Nov". */
export const dayText = (date: Date, timeZone?: string) =>
  new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone }).format(date);
/** The time of day in a zone: "14:03". */
export const clockText = (date: Date, timeZone?: string) =>
  new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(date);

/** A delivery window: "Fri 20 Nov, 14:00–16:00", over midnight with both days, or with one end only. */
export function windowText(from: string | null, to: string | null, timeZone?: string): string | null {
  if (!from && !to) return null;
  const end = (text: string) => {
    const date = new Date(text);
    return `${dayText(date, timeZone)}, ${clockText(date, timeZone)}`;
  };
  if (!to) return `from ${end(from as string)}`;
  if (!from) return `by ${end(to)}`;
  const [start, stop] = [new Date(from), new Date(to)];
  if (dayText(start, timeZone) === dayText(stop, timeZone)) return `${end(from)}–${clockText(stop, timeZone)}`;
  return `${end(from)} – ${end(to)}`;
}

/** True when two instants lie less than a minute apart: in minutes they would look the same. */
export const closeTogether = (one: string, other: string): boolean =>
  Math.abs(Date.parse(one) - Date.parse(other)) < MINUTE * 1000;

/** How much later than it happened something was received: "3 s later", "at once", or "2 s earlier" by a wrong clock. */
export function lagText(occurred: string, received: string): string {
  const seconds = Math.round((Date.parse(received) - Date.parse(occurred)) / 1000);
  if (seconds === 0) return 'at once';
  return `${spanText(Math.abs(seconds))} ${seconds > 0 ? 'later' : 'earlier'}`;
}

/** What to say of an offset that the source did not state, in the words of the server's pages; none when it is exact. */
export function confidenceText(confidence: TzConfidence): string | null {
  switch (confidence) {
    case 'exact':
      return null;
    case 'from_place':
      return 'time zone from place';
    case 'assumed':
      return 'time zone assumed';
    case 'unknown':
      return 'time zone unknown';
  }
}

/** The value of a `datetime-local` field for an instant, in the reader's zone. */
export function toLocalField(instant: string | null): string {
  if (!instant) return '';
  const date = new Date(instant);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The instant of a `datetime-local` field, in the reader's zone; none when the field is empty. */
export function fromLocalField(value: string): string | null {
  return value ? new Date(value).toISOString() : null;
}

const DAY_MS = DAY * 1000;

/** The day of an instant as a `date` field holds it, in the reader's zone. */
export const toDayField = (ms: number): string => toLocalField(new Date(ms).toISOString()).slice(0, 10);

/** The beginning and the end of the day in such a field, `by` days further on, in milliseconds; none when it is empty. */
export function dayOf(field: string, by = 0): [from: number, to: number] | null {
  const [year = NaN, month = 1, day = 1] = field.split('-').map(Number);
  // By the calendar of the reader: the days on which clocks change are not all of the same length.
  const start = (more: number) => new Date(year, month - 1, day + by + more).getTime();
  return Number.isNaN(start(0)) ? null : [start(0), start(1)];
}

/** Whether a period is one day of the reader's. */
export const isDay = (from: number, to: number): boolean =>
  to - from < 1.1 * DAY_MS && dayOf(toDayField(from))?.join() === [from, to].join();
