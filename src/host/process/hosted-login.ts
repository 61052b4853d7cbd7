/** A login source of this process, offered over the protocol. */
import type { Credentials, LoginSource, LoginSourcePlugin } from '#plugin'
import { contextOf, type Opening } from './hosted-context.ts'
import type { Calls, Handler } from './calls.ts'
import type { Offer } from './hosted.ts'
import type { Params, PluginMethod, Result, ServerMethod } from './methods.ts'

const CREDENTIALS_DEADLINE = 10_000

export async function hostedLogin(plugin: LoginSourcePlugin, opening: Opening): Promise<Offer> {
  const credentials = credentialsOver(opening.line.calls)
  const source = await plugin.open(opening.config as never, { ...contextOf(opening), credentials }) // decoded by its own schema
  return {
    capabilities: capabilitiesOf(source),
    handlers: handlersOf(source),
    [Symbol.asyncDispose]: async () => source[Symbol.asyncDispose](),
  }
}

const ABILITIES = ['password', 'passwordChange', 'redirect', 'negotiate', 'refresh', 'lookup', 'health'] as const

function capabilitiesOf(source: LoginSource): string[] {
  return ABILITIES.filter((name) => source[name] !== undefined)
}

/** The server asks for nothing but what was offered. */
function handlersOf({
  password,
  passwordChange,
  redirect,
  negotiate,
  refresh,
  lookup,
  health,
}: LoginSource): Offer['handlers'] {
  return {
    ...(password && on('password.verify', (params, signal) => password.verify({ ...params, signal }))),
    ...(passwordChange && {
      ...on('passwordChange.secret', async (params) => ({ secret: await passwordChange.secret(params.password) })),
      ...on('passwordChange.accepts', async (params) => ({ accepts: await passwordChange.accepts(params.secret) })),
    }),
    ...(redirect && {
      ...on('redirect.begin', (params) => redirect.begin(params)),
      ...on('redirect.complete', (params, signal) => redirect.complete({ ...params, signal })),
    }),
    ...(negotiate &&
      on('negotiate.step', async ({ token }, signal) => {
        const { verdict, reply } = await negotiate.step(Uint8Array.fromBase64(token), signal)
        return { verdict, ...(reply && { reply: reply.toBase64() }) }
      })),
    ...(refresh && on('refresh', (params, signal) => refresh({ ...params, signal }))),
    ...(lookup && on('lookup', (params, signal) => lookup({ ...params, signal }))),
    ...(health && on('health', () => health())),
  }
}

/** A handler whose parameters are as the protocol declares them: they come from the server. */
function on<M extends PluginMethod>(
  method: M,
  handler: (params: Required<Params<M>>, signal: AbortSignal) => Promise<unknown>,
): Readonly<Record<string, Handler>> {
  return { [method]: (params, signal) => handler(params as Required<Params<M>>, signal) }
}

function credentialsOver(calls: Calls): Credentials {
  const ask = async <M extends ServerMethod>(method: M, params: Params<M>): Promise<Result<M>> =>
    (await calls.call(method, params, { deadline: CREDENTIALS_DEADLINE })) as Result<M> // the server's own answer
  return {
    get: async (name) => (await ask('credentials.get', { name })).value ?? undefined,
    put: async (name, value) => void (await ask('credentials.put', { name, value })),
    replace: async (name, from, to) => (await ask('credentials.replace', { name, from, to })).replaced,
    delete: async (name) => void (await ask('credentials.delete', { name })),
  }
}
