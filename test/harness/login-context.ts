/** What the host lends a login source, for tests that open one by themselves. */
import { tmpdir } from 'node:os'
import type { LoginSourceContext } from '#plugin'
import { testLog } from './core-accounts.ts'

export function loginContext(changes: Partial<LoginSourceContext> = {}): LoginSourceContext {
  const kept = new Map<string, string>()
  return {
    id: 'test',
    log: testLog().log,
    now: Date.now,
    signal: new AbortController().signal,
    dataDir: tmpdir(),
    credentials: {
      get: async (name) => kept.get(name),
      put: async (name, value) => void kept.set(name, value),
      replace: async (name, from, to) => kept.get(name) === from && kept.set(name, to) !== undefined,
      delete: async (name) => void kept.delete(name),
    },
    ...changes,
  }
}
