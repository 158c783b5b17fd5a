/** A text of several lines that was pasted, and where it stands in the field. */
export interface PastedText {
  from: number;
  to: number;
  lines: number;
}
