/** Attempts of which it is not known yet how they end, counted by key in this process. */
export interface Doubts {
  of(key: string): number
  /** One more; the returned function takes it away, once. */
  add(key: string): () => void
}

export function createDoubts(): Doubts {
  const counts = new Map<string, number>()
  const of = (key: string) => counts.get(key) ?? 0
  return {
    of,
    add(key) {
      let counted = true
      counts.set(key, of(key) + 1)
      return () => {
        if (!counted) return
        counted = false
        if (of(key) > 1) counts.set(key, of(key) - 1)
        else counts.delete(key)
      }
    },
  }
}
