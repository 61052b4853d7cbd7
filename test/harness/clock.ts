/** A clock that stands still until a test moves it. */
export interface TestClock {
  readonly now: () => number
  advance(milliseconds: number): void
  set(epochMilliseconds: number): void
}

export function createClock(start = Date.parse('2026-03-01T12:00:00Z')): TestClock {
  let at = start
  return {
    now: () => at,
    advance(milliseconds) {
      at += milliseconds
    },
    set(epochMilliseconds) {
      at = epochMilliseconds
    },
  }
}
