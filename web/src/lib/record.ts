// Records as forms: which fields there are, what they hold, and what changed. Pure.

import type { Option } from './ui/option';

export interface FieldSpec {
  /** The field's name, with slashes for nested ones: `settings/link_days`. Also where the server speaks of it. */
  name: string;
  label: string;
  kind?: 'text' | 'number' | 'choice' | 'words' | 'flag' | 'password' | 'email' | 'tel' | 'url' | 'time';
  options?: Option[];
  hint?: string;
  required?: boolean;
  /** What a new record starts with. */
  initial?: string;
}

type Tree = { [name: string]: unknown };

function read(record: Tree, name: string): unknown {
  return name.split('/').reduce<unknown>((value, part) => (value as Tree | null | undefined)?.[part], record);
}

function write(record: Tree, name: string, value: unknown): void {
  const parts = name.split('/');
  const last = parts.pop() as string;
  let target = record;
  for (const part of parts) target = (target[part] ??= {}) as Tree;
  target[last] = value;
}

/** What the fields of a form hold for a record; flags as "true" or "". */
export function toForm(record: object | null, fields: FieldSpec[]): Record<string, string> {
  return Object.fromEntries(
    fields.map(({ name, kind, initial = '' }) => {
      if (!record) return [name, initial];
      const value = read(record as Tree, name);
      if (Array.isArray(value)) return [name, value.join(', ')];
      if (kind === 'flag') return [name, value === true ? 'true' : ''];
      return [name, value === null || value === undefined ? '' : String(value)];
    }),
  );
}

/** The value of a field as the API wants it. A number that is none stays a text, so that the server names the rule. */
export function fieldValue(text: string, kind: FieldSpec['kind']): unknown {
  const trimmed = kind === 'password' ? text : text.trim();
  switch (kind) {
    case 'flag':
      return text === 'true';
    case 'words':
      return trimmed
        .split(',')
        .map((word) => word.trim())
        .filter(Boolean);
    case 'number':
      return trimmed === '' ? null : Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
    case 'time':
      return trimmed === '' ? null : new Date(trimmed).toISOString();
    default:
      return trimmed === '' ? null : trimmed;
  }
}

/** The body that creates a record: empty fields are left out. */
export function newBody(values: Record<string, string>, fields: FieldSpec[]): Tree {
  const body: Tree = {};
  for (const { name, kind } of fields) {
    const value = fieldValue(values[name] ?? '', kind);
    if (value !== null) write(body, name, value);
  }
  return body;
}

/** The merge patch from a record to what the form holds: only what differs. */
export function patchBody(record: object, values: Record<string, string>, fields: FieldSpec[]): Tree {
  const before = toForm(record, fields);
  const body: Tree = {};
  for (const { name, kind } of fields) {
    if (before[name] !== values[name]) write(body, name, fieldValue(values[name] ?? '', kind));
  }
  return body;
}
