// The client of the REST API. Every call goes to our own origin; the session is a cookie that scripts cannot read.

import type { Page } from './types';

/** One broken rule of a request: where (a JSON pointer without the leading `#`) and which. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** An answer that is not a success, as application/problem+json says it. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    message: string,
    readonly errors: FieldError[] = [],
    /** After a refused status change: the statuses that would be allowed. */
    readonly allowed: string[] | null = null,
  ) {
    super(message);
  }

  /** The broken rules by field: `/name` to "must not be empty". */
  get fields(): Record<string, string> {
    return Object.fromEntries(this.errors.map(({ pointer, detail }) => [pointer, detail]));
  }
}

type Query = Record<string, string | number | boolean | string[] | null | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  /** The version that the change is based on. */
  version?: number;
  /** A file as the body, with its media type. */
  file?: { type: string; content: Blob };
  signal?: AbortSignal;
}

/** Adds a query to a path; lists are comma separated, empty values are left out. */
export function withQuery(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (text !== null && text !== undefined && text !== '') params.set(name, String(text));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/** Reads a problem document; whatever it lacks is filled from the HTTP status. */
export function problemFrom(status: number, body: unknown): ApiError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof problem[name] === 'string' ? (problem[name] as string) : null);
  const errors = (Array.isArray(problem.errors) ? problem.errors : [])
    .filter((error): error is FieldError => typeof error?.pointer === 'string' && typeof error?.detail === 'string')
    .map(({ pointer, detail }) => ({ pointer: pointer.replace(/^#/, ''), detail }));
  const allowed = Array.isArray(problem.allowed) ? problem.allowed.map(String) : null;
  return new ApiError(status, text('detail') ?? text('title') ?? `The server answered ${status}.`, errors, allowed);
}

/** Called when the session is gone, so that the page can ask to log in again. */
export const onUnauthorized: { handler: () => void } = { handler: () => {} };

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.body !== undefined) {
    headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  }
  if (options.file) headers['content-type'] = options.file.type;
  if (options.version !== undefined) headers['if-match'] = `"${options.version}"`;
  const response = await fetch(withQuery(path, options.query), {
    method,
    headers,
    body: options.file?.content ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    signal: options.signal,
    credentials: 'same-origin',
  }).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'The server cannot be reached.');
  });
  const text = await response.text();
  const json: unknown = parse(text);
  if (response.ok) return json as T;
  if (response.status === 401 && path !== '/v1/login') onUnauthorized.handler();
  throw problemFrom(response.status, json);
}

function parse(text: string): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal }),
  post: <T>(path: string, body: unknown = {}) => request<T>('POST', path, { body }),
  /** Sends a file as it is. */
  upload: <T>(path: string, type: string, content: Blob) => request<T>('POST', path, { file: { type, content } }),
  patch: <T>(path: string, version: number | undefined, body: unknown) => request<T>('PATCH', path, { version, body }),
  remove: (path: string, version?: number) => request<null>('DELETE', path, { version }),

  /** Every page of a list, newest first, up to `most` rows. */
  async all<T>(path: string, query: Query = {}, most = 2000, limit = 200): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<T> = await request('GET', path, { query: { ...query, limit, cursor } });
      items.push(...page.items);
      cursor = page.has_more ? page.next_cursor : null;
    } while (cursor && items.length < most);
    return items;
  },
};

/** What to tell a person about anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message.charAt(0).toUpperCase() + error.message.slice(1);
  return error instanceof Error ? error.message : String(error);
}
