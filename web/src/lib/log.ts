// The newest entries of the event log. The log is read from its oldest entry on, so the end of it is found by asking for
// ever longer stretches of time until one holds enough.

import { api } from './api';
import { FEED_TYPES } from './events';
import type { LogEvent, LoggedEvent, Page } from './types';

/** The stretches that are asked for, in minutes: up to a week. */
const STRETCHES = [1, 10, 120, 1440, 10_080];
/** How many pages of a stretch are read at most: beyond, a feed that starts a little late is better than a slow one. */
const MOST_PAGES = 10;

/** The events of `entries` that a feed starts with: the last `count`, newest first. Pure. */
export const newestOf = (entries: LoggedEvent[], count: number): LogEvent[] =>
  entries
    .slice(-count)
    .map(({ event }) => event)
    .reverse();

/** The newest `count` events that a feed for people shows, newest first. */
export async function readNewest(count: number): Promise<LogEvent[]> {
  let entries: LoggedEvent[] = [];
  for (const minutes of STRETCHES) {
    const recorded_from = new Date(Date.now() - minutes * 60_000).toISOString();
    entries = await readStretch(recorded_from);
    if (entries.length >= count) break;
  }
  return newestOf(entries, count);
}

async function readStretch(recorded_from: string): Promise<LoggedEvent[]> {
  const entries: LoggedEvent[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { recorded_from, types: FEED_TYPES, limit: 200, after };
    const { items, has_more } = await api.get<Page<LoggedEvent>>('/v1/events', query);
    entries.push(...items);
    after = items.at(-1)?.id;
    if (!has_more || !after) break;
  }
  return entries;
}
