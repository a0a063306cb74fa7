import type { Lookup } from '../live/lookup.svelte';

/** One choice of a select field. */
export interface Option {
  value: string;
  text: string;
}

/** Records to choose from, however many there are. */
export interface Among {
  lookup: Lookup<Named>;
  textOf: (row: Named) => string;
}
type Named = { id: string };

/** The records of a kind to choose from, by what they are called. */
export const among = <T extends Named>(lookup: Lookup<T>, textOf: (row: T) => string): Among => ({
  lookup: lookup as unknown as Lookup<Named>,
  textOf: textOf as (row: Named) => string,
});

/** Records as choices, by their name. */
export function optionsOf<T extends { id: string; name: string }>(
  rows: Iterable<T>,
  textOf: (row: T) => string = ({ name }) => name,
): Option[] {
  const options = [...rows].map((row) => ({ value: row.id, text: textOf(row) }));
  return options.toSorted((a, b) => a.text.localeCompare(b.text));
}
