/** Counting what `bun test --reporter=junit` wrote. */
export interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The totals stand at the root element. A report without them is no report. */
export function countJUnit(xml: string): Count | undefined {
  const [head] = /<testsuites\b[^>]*>/.exec(xml) ?? []
  const number = (name: string): number | undefined => {
    const [, digits] = new RegExp(`\\b${name}="(\\d+)"`).exec(head ?? '') ?? []
    return digits === undefined ? undefined : Number(digits)
  }
  const [tests, failed, skipped] = [number('tests'), number('failures'), number('skipped') ?? 0]
  if (tests === undefined || failed === undefined) return undefined
  return { passed: tests - failed - skipped, failed, skipped }
}

export function sum(counts: readonly Count[]): Count {
  const total = (of: keyof Count): number => counts.reduce((all, count) => all + count[of], 0)
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') }
}
