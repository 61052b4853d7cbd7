/** Questions to a directory: each on a connection of its own, in time, and not too many at once. */
import { Busy, createGate, type LoginSource, type LoginSourceContext, type Verdict } from '#plugin'
import type { Given } from './config.ts'
import { openConnection, type Trace } from './connection.ts'
import { type Asked, asService, checkAgain, checkPassword, type Credentials, look } from './login.ts'
import { type Options, resolveOptions } from './options.ts'
import { attributesOf, attributesWithStateOf } from './person.ts'
import { refused } from './refusal.ts'
import { createServers } from './servers.ts'
import { type BeginTls, loadTls } from './tls.ts'
import { Trouble, troubleOf } from './trouble.ts'

export async function openSource(given: Given, context: LoginSourceContext): Promise<LoginSource> {
  const options = resolveOptions(given)
  return openDirectory(options, { context, tls: await loadTls(options, context) })
}

/** Longer names and passwords are nobody's. */
const MAX_LENGTH = 1_024
const UNUSABLE = refused('credentials', 'empty, too long or not text')

function openDirectory(
  options: Options,
  { context, tls }: { readonly context: LoginSourceContext; readonly tls: BeginTls },
): LoginSource {
  const gate = createGate({ running: options.maxConcurrent, waiting: options.maxWaiting })
  const ofTheBound = attributesOf(options)
  const ofOthers = attributesWithStateOf(options)
  const servers = createServers(options.urls, context)

  /** One question on a connection of its own, to be answered in time or not at all. */
  async function ask(
    signal: AbortSignal,
    question: (asked: Asked) => Promise<Verdict>,
    { attributes = ofOthers, trace }: { readonly attributes?: readonly string[]; readonly trace?: Trace } = {},
  ): Promise<Verdict> {
    using deadline = deadlineOf(options.deadline, signal)
    const dialing = { options, tls, signal: deadline.signal }
    const attempt = async (url: URL): Promise<Verdict> => {
      await using connection = await openConnection(url, dialing, trace)
      return await question({ connection, options, attributes, now: context.now() })
    }
    try {
      return await gate.run(() => servers.first(attempt, deadline.signal), deadline.signal)
    } catch (error) {
      return refused('unavailable', error instanceof Busy ? error.message : troubleOf(error).message)
    }
  }

  const check = (credentials: Credentials, signal: AbortSignal, trace?: Trace) =>
    ask(signal, (asked) => checkPassword(asked, credentials), {
      attributes: ofTheBound,
      ...(trace && { trace }),
    })

  const searches = options.binding.service !== undefined || options.binding.mode === 'search'
  return {
    password: {
      async verify({ username, password, signal }) {
        // No password is no proof, though some servers take it for one (RFC 4513 section 5.1.2).
        if (!isUsable(username) || !isUsable(password)) return UNUSABLE
        return check({ username, password }, signal)
      },
    },
    ...(searches && {
      refresh: ({ externalId, signal }) => ask(signal, (asked) => checkAgain(asked, externalId)),
      async lookup({ username, signal }) {
        if (!isUsable(username)) return UNUSABLE
        return ask(signal, (asked) => look(asked, username))
      },
    }),
    async health() {
      const verdict = await ask(context.signal, async (asked) => {
        await asService(asked)
        return refused('credentials')
      })
      return !verdict.ok && verdict.why === 'unavailable' ? { ok: false, detail: verdict.detail ?? '' } : { ok: true }
    },
    async diagnose({ username, password, signal, report }) {
      const trace: Trace = (step, outcome) => report({ step, ...outcome })
      if (password !== undefined) {
        if (!isUsable(username) || !isUsable(password)) return UNUSABLE
        return check({ username, password }, signal, trace)
      }
      if (searches) return ask(signal, (asked) => look(asked, username), { trace })
      return refused('unavailable', 'without bindDn only people themselves can search: give the password')
    },
    async [Symbol.asyncDispose]() {},
  }
}

function isUsable(text: string): boolean {
  return text !== '' && text.length <= MAX_LENGTH && !text.includes('\0') && text.isWellFormed()
}

function deadlineOf(milliseconds: number, waits: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController()
  const end = () => late.abort(new Trouble(`no answer within ${milliseconds} ms`))
  const timer = setTimeout(end, milliseconds)
  waits.addEventListener('abort', end, { once: true })
  if (waits.aborted) end()
  return {
    signal: late.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      waits.removeEventListener('abort', end)
    },
  }
}
