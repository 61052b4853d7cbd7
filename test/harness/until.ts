/**
 * Asks again and again until the condition holds: for what a process of its own decides and nothing announces.
 * False when it did not within `deadline` milliseconds.
 */
export async function until(condition: () => boolean | Promise<boolean>, deadline = 60_000): Promise<boolean> {
  const end = performance.now() + deadline
  while (performance.now() < end) {
    if (await condition()) return true
    await Bun.sleep(50)
  }
  return condition()
}
