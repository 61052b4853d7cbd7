/** A code as people type it: without the blanks and hyphens that make it readable. */
export function typed(code: string): string {
  return code.replace(/[\s-]/g, '').toLowerCase()
}
