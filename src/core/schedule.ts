/** Runs something once, later. Returns how to call it off. Injected, so that a test decides when later is. */
export type Schedule = (run: () => void, milliseconds: number) => () => void

/** The runtime's own timers; a pending one keeps no process alive. */
export const timers: Schedule = (run, milliseconds) => {
  const timer = setTimeout(run, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}
