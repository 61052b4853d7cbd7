/** One value loaded when first asked for, and again after it was forgotten. A load that fails is not remembered. */
export interface Cached<T> {
  (): Promise<T>
  forget(): void
}

export function cached<T>(load: () => Promise<T>): Cached<T> {
  let loaded: Promise<T> | undefined
  const read = () => {
    if (loaded !== undefined) return loaded
    const loading = load()
    loaded = loading
    loading.catch(() => {
      if (loaded === loading) loaded = undefined
    })
    return loading
  }
  return Object.assign(read, {
    forget() {
      loaded = undefined
    },
  })
}
