/** What a hosted plugin is lent: the same as in the server, the log going over the protocol. */
import type { LogFields, Logger, PluginContext } from '#plugin'
import type { Line } from './hosted.ts'
import type { Hello } from './messages.ts'

export interface Opening {
  readonly config: unknown
  readonly hello: Hello
  readonly line: Line
}

export function contextOf({ hello, line }: Opening): PluginContext {
  const { instance: id, dataDir } = hello
  return { id, dataDir, log: loggerOver(line.send), now: Date.now, signal: line.signal }
}

function loggerOver(send: Line['send']): Logger {
  const at = (level: string) => (message: string, fields?: LogFields) => {
    const known = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)
    send({ log: { level, message, ...(known.length > 0 && { fields: Object.fromEntries(known) }) } })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
