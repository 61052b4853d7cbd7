/** Rows of text for people; data for programs is printed as JSON elsewhere. */

/** Aligned columns under upper-case headings; a sentence when there is nothing. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty
  const all = [headings.map((each) => each.toUpperCase()), ...rows.map((row) => row.map(printable))]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ''))))
  return all
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `name: value` lines. */
export function fields(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 1
  return pairs.map(([name, value]) => `${`${name}:`.padEnd(width)} ${printable(value)}`.trimEnd()).join('\n')
}

/** Control characters could move the cursor or change colours of a terminal: shown escaped. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (each) => {
    return `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - Bun.stringWidth(cell)))
}
