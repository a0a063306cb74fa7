/** One choice of a select field. */
export interface Option {
  value: string;
  text: string;
}

/** Records as choices, by their name. */
export function optionsOf<T extends { id: string; name: string }>(
  rows: Iterable<T>,
  textOf: (row: T) => string = ({ name }) => name,
): Option[] {
  const options = [...rows].map((row) => ({ value: row.id, text: textOf(row) }));
  return options.toSorted((a, b) => a.text.localeCompare(b.text));
}
