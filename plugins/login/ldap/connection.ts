/** One connection to one server, for one question: what is done on it is bounded in time and told to whoever traces it. */
import type { Control, Filter, SearchOptions } from 'ldapts'
import { clientOn, dial, type Dialing } from './dial.ts'
import { createEnd } from './end.ts'
import { type Found, foundOf } from './found.ts'
import type { Scope } from './options.ts'
import { isAnswer, oneLine, Trouble, troubleOf } from './trouble.ts'

/** Told of everything that was done, when it is over. */
export type Trace = (step: string, outcome: { readonly ok: boolean; readonly detail: string }) => void

export interface Search {
  readonly base: string
  readonly scope: Scope
  readonly filter: string | Filter
  readonly attributes: readonly string[]
  /** At most so many entries; without it all of them, page by page. */
  readonly limit?: number
}

/** Throws a `ResultCodeError` for what the directory answers, a `Trouble` when there is no answer. */
export interface Connection extends AsyncDisposable {
  bind(name: string, password: string, control?: Control): Promise<void>
  search(search: Search): Promise<readonly Found[]>
}

/** Attributes that are no text. */
const BINARY = ['objectGUID', 'objectSid', 'tokenGroups']

export async function openConnection(url: URL, dialing: Dialing, trace?: Trace): Promise<Connection> {
  const { options, signal } = dialing
  const traced = tracer(trace)
  const end = createEnd(signal)
  const socket = await traced(
    () => `connect ${url.protocol}//${url.host}`,
    () => end.before(dial(url, dialing, end), options.connectTimeout, 'not connected'),
    () => protection(url, options.startTls),
  ).catch((error: unknown) => {
    end.come(troubleOf(error))
    end[Symbol.dispose]()
    throw error
  })
  const client = clientOn(socket, url)
  const answered = <T>(work: Promise<T>) => end.before(work, options.operationTimeout, 'no answer')

  async function search({ base, scope, filter, attributes, limit }: Search): Promise<readonly Found[]> {
    const bounds: SearchOptions = limit === undefined ? { paged: { pageSize: options.pageSize } } : { sizeLimit: limit }
    const explicitBufferAttributes = BINARY.filter((name) => attributes.some((asked) => isSame(asked, name)))
    const wanted = { scope, filter, attributes: [...attributes], explicitBufferAttributes, ...bounds }
    const { searchEntries } = await answered(client.search(base, wanted))
    return searchEntries.map(foundOf)
  }

  return {
    async bind(name, password, control) {
      // No password is no proof (RFC 4513 section 5.1.2), and a bare word would name a SASL mechanism.
      if (password === '' || !/[=@\\]/.test(name)) throw new Trouble('refused to bind without a name or a password')
      await traced(
        () => `bind ${name}`,
        () => answered(client.bind(name, password, control)),
        () => 'accepted',
      )
    },
    search(asked) {
      return traced(
        () => `search ${asked.base === '' ? 'the root' : asked.base} (${asked.scope}) ${asked.filter.toString()}`,
        () => search(asked),
        (found) => entriesOf(found.map(({ dn }) => dn)),
      )
    },
    async [Symbol.asyncDispose]() {
      end[Symbol.dispose]()
      // Nobody waits for a goodbye; the socket is destroyed when it is written, or when it cannot be.
      client.unbind().catch(() => undefined)
    },
  }
}

/** Few are watched, so nothing is put into words for the others. */
function tracer(trace: Trace | undefined) {
  return async <T>(step: () => string, work: () => Promise<T>, describe: (result: T) => string): Promise<T> => {
    try {
      const result = await work()
      trace?.(step(), { ok: true, detail: describe(result) })
      return result
    } catch (cause) {
      const error = isAnswer(cause) ? cause : troubleOf(cause)
      trace?.(step(), {
        ok: false,
        detail: isAnswer(error) ? `result code ${error.code}: ${oneLine(error.message)}` : error.message,
      })
      throw error
    }
  }
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase()
}

function protection(url: URL, startTls: boolean): string {
  if (url.protocol === 'ldaps:') return 'TLS'
  return startTls ? 'StartTLS' : 'without TLS'
}

function entriesOf(names: readonly string[]): string {
  const some = names.slice(0, 5).join(' | ')
  const count = `${names.length} ${names.length === 1 ? 'entry' : 'entries'}`
  return names.length === 0 ? 'nothing' : `${count}: ${some}${names.length > 5 ? ' | …' : ''}`
}
