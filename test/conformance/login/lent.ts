/** What a source is opened with: a log that is listened to, and secrets that are kept in memory. */
import type { Credentials, LogFields, LoginSourceContext } from '#plugin'
import type { LoginSubject } from './case.ts'

export function lend({ dataDir = '/nonexistent' }: Pick<LoginSubject, 'dataDir'>) {
  const lines: string[] = []
  const at = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push(JSON.stringify([level, message, fields]))
  const secrets = new Map<string, string>()
  const credentials: Credentials = {
    get: async (name) => secrets.get(name),
    put: async (name, value) => void secrets.set(name, value),
    async replace(name, from, to) {
      if (secrets.get(name) !== from) return false
      secrets.set(name, to)
      return true
    },
    delete: async (name) => void secrets.delete(name),
  }
  const stopping = new AbortController()
  const context: LoginSourceContext = {
    id: 'kit',
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    now: Date.now,
    signal: stopping.signal,
    dataDir,
    credentials,
  }
  return { context, logged: () => lines.join('\n') }
}
