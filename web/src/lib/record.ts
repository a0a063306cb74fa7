// Records as forms: which fields there are, what they hold, and what changed. Pure.

import type { Point } from './types';
import type { Among, Option } from './ui/option';

export type FieldKind =
  | 'text'
  | 'number'
  | 'choice'
  /** A record of another kind, by its id: out of `among`. */
  | 'pick'
  | 'words'
  | 'flag'
  | 'password'
  | 'email'
  | 'tel'
  | 'url'
  | 'time'
  | 'point'
  | 'country'
  | 'json'
  /** Shown in kilometres per hour, metres per second for the server. */
  | 'speed';

export interface FieldSpec {
  /** The field's name, with slashes for nested ones: `settings/link_days`. Also where the server speaks of it. */
  name: string;
  label: string;
  kind?: FieldKind;
  options?: Option[];
  among?: Among;
  /** What choosing nobody is called. */
  none?: string;
  hint?: string;
  required?: boolean;
  /** What a new record starts with. */
  initial?: string;
  /** Whether the field is there at all, by what the others hold; one that is not counts as empty. */
  when?: (values: Record<string, string>) => boolean;
}

/** The fields that are there now. */
export const shownFields = (fields: FieldSpec[], values: Record<string, string>): FieldSpec[] =>
  fields.filter(({ when }) => !when || when(values));

/** Where the server speaks of the fields that are there now. */
export const pointersOf = (fields: FieldSpec[], values: Record<string, string>, under = ''): string[] =>
  shownFields(fields, values).map(({ name }) => `${under}/${name}`);

/** A record, with the version on which a change of it is based; some are never changed. */
export interface Versioned {
  id: string;
  version?: number;
}

type Tree = { [name: string]: unknown };

function read(record: Tree, name: string): unknown {
  return name.split('/').reduce<unknown>((value, part) => (value as Tree | null | undefined)?.[part], record);
}

function write(record: Tree, name: string, value: unknown): void {
  const parts = name.split('/');
  const last = parts.pop() as string;
  let target = record;
  for (const [index, part] of parts.entries()) {
    // A number names a place in a list.
    const listed = /^\d+$/.test(parts[index + 1] ?? last);
    target = (target[part] ??= listed ? [] : {}) as Tree;
  }
  target[last] = value;
}

/** "52.5163, 13.3777" as a point; none when it is empty, NaN when it is no pair, so that the server names the rule. */
export function parsePoint(text: string): Point | null {
  if (!text.trim()) return null;
  const [lat = NaN, lon = NaN] = text
    .trim()
    .split(/[,\s]+/)
    .map(Number);
  return { lat, lon };
}

// Six decimals are a tenth of a metre.
const decimals = (degrees: number) => String(Math.round(degrees * 1e6) / 1e6);
export const pointText = ({ lat, lon }: Point): string => `${decimals(lat)}, ${decimals(lon)}`;

/** What the fields of a form hold for a record; flags as "true" or "". */
export function toForm(record: object | null, fields: FieldSpec[]): Record<string, string> {
  return Object.fromEntries(
    fields.map(({ name, kind, initial = '' }) => {
      if (!record) return [name, initial];
      const value = read(record as Tree, name);
      if (Array.isArray(value)) return [name, value.join(', ')];
      if (kind === 'point') return [name, value ? pointText(value as Point) : ''];
      if (kind === 'json') return [name, jsonText(value)];
      if (kind === 'speed') return [name, typeof value === 'number' ? String(Math.round(value * 36) / 10) : ''];
      if (kind === 'flag') return [name, value === true ? 'true' : ''];
      return [name, value === null || value === undefined ? '' : String(value)];
    }),
  );
}

/** An object over several lines; nothing for an empty one. */
function jsonText(value: unknown): string {
  const empty = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  return empty ? '' : JSON.stringify(value, null, 2);
}

/** JSON as a value; what is none stays a text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
    case 'speed':
      return trimmed === '' ? null : Number.isFinite(Number(trimmed)) ? Number(trimmed) / 3.6 : trimmed;
    case 'point':
      return parsePoint(trimmed);
    case 'country':
      return trimmed.toUpperCase() || null;
    case 'json':
      return trimmed === '' ? null : parseJson(trimmed);
    case 'time':
      return trimmed === '' ? null : new Date(trimmed).toISOString();
    default:
      return trimmed === '' ? null : trimmed;
  }
}

const textOf = ({ name, when }: FieldSpec, values: Record<string, string>): string =>
  when && !when(values) ? '' : (values[name] ?? '');

/** The body that creates a record: empty fields are left out. */
export function newBody(values: Record<string, string>, fields: FieldSpec[]): Tree {
  const body: Tree = {};
  for (const field of fields) {
    const value = fieldValue(textOf(field, values), field.kind);
    if (value !== null) write(body, field.name, value);
  }
  return body;
}

/** The merge patch from a record to what the form holds: only what differs. */
export function patchBody(record: object, values: Record<string, string>, fields: FieldSpec[]): Tree {
  const before = toForm(record, fields);
  const body: Tree = {};
  for (const field of fields) {
    const text = textOf(field, values);
    if (before[field.name] === text) continue;
    const value = fieldValue(text, field.kind);
    write(body, field.name, field.kind === 'json' ? mergeObject(read(record as Tree, field.name), value) : value);
  }
  return body;
}

/** The merge patch from one object to another: what is gone is null. Anything but an object goes as it is. */
function mergeObject(before: unknown, after: unknown): unknown {
  const isTree = (value: unknown): value is Tree =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const old = isTree(before) ? before : {};
  const wanted = after === null ? {} : after;
  if (!isTree(wanted)) return wanted;
  const gone = Object.keys(old).filter((name) => !(name in wanted));
  const inner = Object.entries(wanted).map(([name, value]) => [
    name,
    isTree(value) ? mergeObject(old[name], value) : value,
  ]);
  return { ...Object.fromEntries(inner), ...Object.fromEntries(gone.map((name) => [name, null])) };
}

/** A form over the newest state of its record: what the reader changed stays, everything else is as it is stored now. */
export function rebase(
  before: object,
  newest: object,
  values: Record<string, string>,
  fields: FieldSpec[],
): Record<string, string> {
  const old = toForm(before, fields);
  const stored = toForm(newest, fields);
  return Object.fromEntries(
    fields.map(({ name }) => [name, (values[name] === old[name] ? stored[name] : values[name]) ?? '']),
  );
}
