/** One choice of a select field. */
export interface Option {
  value: string;
  text: string;
}
