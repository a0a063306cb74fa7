// A form's way to the server: busy while it is under way, and the errors of the answer by field.

import { ApiError, messageOf } from '../api';

export class Form {
  busy = $state(false);
  /** What went wrong as a whole. */
  error = $state('');
  /** What went wrong by field (JSON pointer). */
  fields = $state.raw<Record<string, string>>({});
  /** After a refused status change: what would be allowed. */
  allowed = $state.raw<string[] | null>(null);
  /** True when somebody else changed the record since it was read. */
  stale = $state(false);

  /** Runs the action; false when it failed, and then the errors say why. */
  async run(action: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.clear();
    try {
      await action();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  clear(): void {
    this.error = '';
    this.fields = {};
    this.allowed = null;
    this.stale = false;
  }

  fail(error: unknown): void {
    this.error = messageOf(error);
    if (error instanceof ApiError) {
      this.stale = error.status === 412;
      if (this.stale) this.error = 'Somebody else changed this in the meantime.';
      this.fields = error.fields;
      this.allowed = error.allowed;
    }
  }
}

/** True when the rule at `pointer` is about the field `under`, or about a part of it. */
export const isAbout = (pointer: string, under: string): boolean =>
  pointer === under || pointer.startsWith(`${under}/`);

/** Empty text as null, as the API wants it. */
export const orNull = (text: string): string | null => text.trim() || null;

/** A number field: null when empty, the text itself when it is no number, so that the server names the rule. */
export function numberOrNull(text: string): number | string | null {
  const trimmed = text.trim();
  if (!trimmed) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : trimmed;
}
