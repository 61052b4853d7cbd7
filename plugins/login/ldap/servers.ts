/** Several servers of one directory: asked in the order they are written, those that failed a moment ago last. */
import type { Logger } from '#plugin'
import { troubleOf, Trouble } from './trouble.ts'

export interface Servers {
  /** The first answer; trouble with one server leads to the next. Throws the `Trouble` with the last. */
  first<T>(ask: (url: URL) => Promise<T>, signal: AbortSignal): Promise<T>
}

/** How long a server that failed comes last, in milliseconds. */
const PENALTY = 30_000

export function createServers(
  urls: readonly URL[],
  { log, now }: { readonly log: Logger; readonly now: () => number },
): Servers {
  const failedAt = new Map<URL, number>()
  const isSuspect = (url: URL) => now() - (failedAt.get(url) ?? Number.NEGATIVE_INFINITY) < PENALTY
  const inOrder = () =>
    failedAt.size === 0 ? urls : [...urls.filter((url) => !isSuspect(url)), ...urls.filter(isSuspect)]

  return {
    async first(ask, signal) {
      let last: Trouble | undefined
      for (const url of inOrder()) {
        if (signal.aborted) break
        try {
          const answer = await ask(url)
          failedAt.delete(url)
          return answer
        } catch (error) {
          last = troubleOf(error)
          if (!failedAt.has(url)) log.warn('directory server fails', { server: url.host, reason: last.message })
          failedAt.set(url, now())
        }
      }
      throw last ?? new Trouble('no server was asked')
    },
  }
}
