/** The log writer: one event is one line, whatever the values hold. For people on a terminal, as JSON otherwise. */
import type { LogFields, Logger } from './plugin/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export interface LogOptions {
  readonly format: 'pretty' | 'json'
  readonly level: LogLevel
  readonly write: (lines: string) => void
  readonly now: () => number
}
export interface Log extends Logger {
  /** Writes what is pending now. */
  flush(): void
  /** After a reload. */
  configure(options: Pick<LogOptions, 'format' | 'level'>): void
}

const RANK = { debug: 0, info: 1, warn: 2, error: 3 } as const
const COLOUR = { debug: '\u001b[2m', info: '\u001b[32m', warn: '\u001b[33m', error: '\u001b[31m' } as const
const PLAIN = '\u001b[0m'

/** Lines of one turn of the event loop are written together; an error is written at once. */
export function createLog({ write, now, ...initial }: LogOptions): Log {
  let { format, level: least }: Pick<LogOptions, 'format' | 'level'> = initial
  let pending = ''
  let scheduled: ReturnType<typeof setImmediate> | undefined

  const flush = () => {
    if (scheduled) clearImmediate(scheduled)
    scheduled = undefined
    const lines = pending
    pending = ''
    if (lines !== '') write(lines)
  }
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (RANK[level] < RANK[least]) return
      pending += `${format === 'json' ? json(level, message, fields, now()) : pretty(level, message, fields, now())}\n`
      if (level === 'error') flush()
      else scheduled ??= setImmediate(flush)
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    flush,
    configure(next) {
      format = next.format
      least = next.level
    },
  }
}

function json(level: LogLevel, message: string, fields: LogFields, at: number): string {
  const line = JSON.stringify({ time: new Date(at).toISOString(), level, message, ...fields })
  // JSON leaves no control below the space, and nearly every line has nothing beyond ASCII: no need to look at each character.
  const plain = Buffer.byteLength(line) === line.length && !line.includes('\u007f')
  return plain ? line : escape(line)
}

function pretty(level: LogLevel, message: string, fields: LogFields, at: number): string {
  const time = new Date(at).toISOString().slice(11, 23)
  const facts = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  const shown = facts.map(([name, value]) => ` ${word(name)}=${word(String(value))}`).join('')
  return `${time} ${COLOUR[level]}${level.padEnd(5)}${PLAIN} ${escape(message)}${shown}`
}

function word(text: string): string {
  const quoted = /^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text)
  return escape(quoted)
}

/**
 * What a terminal or a line reader would act on: controls, the second range of them (`\u009b` starts a sequence like
 * ESC [), line and paragraph separators, and the marks that turn the direction of writing around.
 */
function escape(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
