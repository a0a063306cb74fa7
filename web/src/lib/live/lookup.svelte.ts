// Records by their id. The newest thousand are known from the start; any other is asked for when somebody needs it, with
// all that are needed at that moment.

import { api } from '../api';
import type { Page } from '../types';

/** How many are known from the start. */
export const KNOWN_AT_START = 1000;
/** How long a question waits for others, in milliseconds, and how many ids one names. */
const WAIT_MS = 30;
const AT_ONCE = 200;

export class Lookup<T extends { id: string }> {
  /** What is known so far. */
  known = $state.raw(new Map<string, T>());
  /** True when there are no others. */
  complete = $state(false);
  #loaded = false;
  /** Ids that were asked for: what is gone is not asked for again. */
  #asked = new Set<string>();
  #wanted = new Set<string>();
  #waiting = false;

  constructor(readonly path: string) {}

  async load(): Promise<void> {
    const rows: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<T> = await api.get(this.path, { limit: AT_ONCE, cursor });
      rows.push(...page.items);
      cursor = page.has_more ? page.next_cursor : null;
    } while (cursor && rows.length < KNOWN_AT_START);
    this.complete = cursor === null;
    this.#loaded = true;
    this.#asked.clear();
    this.known = new Map(rows.map((row) => [row.id, row]));
  }

  /** What is known of one now; who is not known yet is asked for, and then whoever looked looks again. */
  get(id: string | null | undefined): T | undefined {
    if (!id) return undefined;
    const row = this.known.get(id);
    if (!row && this.#loaded && !this.#asked.has(id)) this.#want(id);
    return row;
  }

  /** Those that are known. */
  values(): MapIterator<T> {
    return this.known.values();
  }

  /** Those that contain a text, as the server finds them. */
  async find(q: string, signal?: AbortSignal): Promise<T[]> {
    const { items } = await api.get<Page<T>>(this.path, { q: q.trim(), limit: 20 }, signal);
    this.learn(items);
    return items;
  }

  /** Takes over what was read elsewhere. */
  learn(rows: T[]): void {
    if (rows.length === 0) return;
    const known = new Map(this.known);
    for (const row of rows) known.set(row.id, row);
    this.known = known;
  }

  #want(id: string): void {
    this.#asked.add(id);
    this.#wanted.add(id);
    if (!this.#waiting) setTimeout(() => void this.#ask(), WAIT_MS);
    this.#waiting = true;
  }

  async #ask(): Promise<void> {
    this.#waiting = false;
    const ids = [...this.#wanted];
    this.#wanted.clear();
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      try {
        this.learn((await api.get<Page<T>>(this.path, { id: some, limit: AT_ONCE })).items);
      } catch {
        // The next look asks again.
        for (const id of some) this.#asked.delete(id);
      }
    }
  }
}
