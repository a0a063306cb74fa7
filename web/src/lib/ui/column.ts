// What a column of a table shows of a row.

import type { Snippet } from 'svelte';
import type { Timestamp } from '../types';

export interface Column<Row> {
  label: string;
  /** The cell as text; a dash when there is none. */
  text?: (row: Row) => string | null | undefined;
  /** Where that text leads. */
  href?: (text: string) => string;
  /** The cell as an instant, told by its date or by how long ago it was. */
  at?: (row: Row) => Timestamp | null | undefined;
  date?: boolean;
  /** The cell as anything else. */
  cell?: Snippet<[Row]>;
  look?: 'mono' | 'nowrap';
}
