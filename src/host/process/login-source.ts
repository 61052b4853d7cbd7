/** A login source in a process of its own, seen from the server. */
import type { Credentials, LoginSource, Verdict } from '#plugin'
import { type Handler, RemoteError, Unanswered } from './calls.ts'
import type { Ask, Worker } from './worker.ts'
import type { Params, Result, ServerMethod } from './methods.ts'
import { SERVER_METHODS } from './methods.ts'
import { Value } from '@sinclair/typebox/value'

const HEALTH_DEADLINE = 5_000

/** What the process says it can do becomes a source that offers just that. */
export function loginSourceOf(worker: Worker): LoginSource {
  const { call, capabilities } = worker
  const can = (name: string): boolean => capabilities.has(name)
  return {
    ...(can('password') && {
      password: {
        verify: ({ signal, ...login }) => verdict(() => call('password.verify', login, { signal })),
      },
    }),
    ...(can('passwordChange') && {
      passwordChange: {
        secret: async (password) => (await call('passwordChange.secret', { password })).secret,
        accepts: async (secret) => (await call('passwordChange.accepts', { secret })).accepts,
      },
    }),
    ...(can('redirect') && {
      redirect: {
        begin: (request) => call('redirect.begin', request),
        complete: ({ signal, ...callback }) => verdict(() => call('redirect.complete', callback, { signal })),
      },
    }),
    ...(can('negotiate') && { negotiate: { step: (token, signal) => negotiate(worker, token, { signal }) } }),
    ...(can('refresh') && {
      refresh: ({ signal, ...identity }) => verdict(() => call('refresh', identity, { signal })),
    }),
    ...(can('lookup') && {
      lookup: ({ signal, username }) => verdict(() => call('lookup', { username }, { signal })),
    }),
    health: async () => {
      const trouble = worker.trouble()
      if (trouble !== undefined) return { ok: false, detail: trouble }
      return can('health') ? healthOf(await call('health', {}, { deadline: HEALTH_DEADLINE })) : { ok: true }
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  }
}

/** A process that does not answer is a source that is not available. */
async function verdict(ask: () => Promise<Result<'refresh'>>): Promise<Verdict> {
  try {
    const answer = await ask()
    if (!answer.ok) {
      const { detail } = answer
      return { ok: false, why: answer.why, ...(detail !== undefined && { detail }) }
    }
    return { ok: true, identity: present(answer.identity) }
  } catch (error) {
    return { ok: false, why: 'unavailable', detail: detailOf(error) }
  }
}

async function negotiate(worker: Worker, token: Uint8Array, ask: Ask) {
  let reply: Uint8Array | undefined
  const found = await verdict(async () => {
    const answer = await worker.call('negotiate.step', { token: token.toBase64() }, ask)
    reply = answer.reply === undefined ? undefined : Uint8Array.fromBase64(answer.reply)
    return answer.verdict
  })
  return { verdict: found, ...(reply && { reply }) }
}

function healthOf({ ok, detail }: Result<'health'>) {
  return { ok, ...(detail !== undefined && { detail }) }
}

function detailOf(error: unknown): string {
  if (error instanceof Unanswered || error instanceof RemoteError) return error.message
  throw error
}

/** The same members without those that JSON left `undefined`. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never // only absent ones go
}

/** What a login source in a process may ask: the secrets of this source, nothing else. */
export function credentialHandlers(credentials: Credentials): Readonly<Record<ServerMethod, Handler>> {
  return {
    'credentials.get': async (params) => {
      const { name } = read('credentials.get', params)
      return { value: (await credentials.get(name)) ?? null }
    },
    'credentials.put': async (params) => {
      const { name, value } = read('credentials.put', params)
      await credentials.put(name, value)
      return {}
    },
    'credentials.replace': async (params) => {
      const { name, from, to } = read('credentials.replace', params)
      return { replaced: await credentials.replace(name, from, to) }
    },
    'credentials.delete': async (params) => {
      const { name } = read('credentials.delete', params)
      await credentials.delete(name)
      return {}
    },
  }
}

function read<M extends ServerMethod>(method: M, params: unknown): Params<M> {
  if (Value.Check(SERVER_METHODS[method].params, params)) return params as Params<M> // its schema was just checked
  throw new TypeError(`Cannot answer "${method}": its parameters are not what the protocol says`)
}
