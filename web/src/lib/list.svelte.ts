// Lists as tables show them, page by page.

import { api, messageOf } from './api';
import type { Page } from './types';

export interface Rows<T> {
  readonly items: T[];
  readonly loading: boolean;
  readonly error: string;
  /** True when `next` would bring more. */
  readonly more?: boolean;
  load(): Promise<void>;
  next?(): Promise<void>;
}

export class PagedList<T extends { id: string }> implements Rows<T> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  error = $state('');
  more = $state(false);
  #cursor: string | null = null;
  #query: Record<string, string> = {};
  #abort: AbortController | undefined;

  constructor(private readonly path: string) {}

  /** Reads the first page anew. */
  async load(query: Record<string, string> = this.#query): Promise<void> {
    this.#query = query;
    this.#cursor = null;
    await this.#read(true);
  }

  async next(): Promise<void> {
    if (this.more && !this.loading) await this.#read(false);
  }

  /** Puts a changed row in its place, if it is on the page. */
  replace(row: T): void {
    this.items = this.items.map((item) => (item.id === row.id ? row : item));
  }

  async #read(first: boolean): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.loading = true;
    try {
      const page = await api.get<Page<T>>(this.path, { ...this.#query, cursor: this.#cursor, limit: 50 }, abort.signal);
      this.items = first ? page.items : [...this.items, ...page.items];
      this.more = page.has_more;
      this.#cursor = page.next_cursor;
      this.error = '';
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = messageOf(error);
    }
    if (!abort.signal.aborted) this.loading = false;
  }
}
