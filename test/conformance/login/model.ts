/**
 * A login source over a directory in memory: what is right, in as few lines as it takes. Broken sources change one thing
 * about it, and an author may read here what is expected.
 */
import { Type } from '@sinclair/typebox'
import { defineLoginSource, type Identity, type LoginSource, type LoginSourceContext, type Verdict } from '#plugin'
import type { Account, LoginSubject, RefusedAccount } from './case.ts'

export const right: Account = { username: 'anna', password: 'Correct-Horse', externalId: 'p-1', groups: ['a', 'b'] }
const other: Account = { username: 'bert', password: 'Other-Staple', externalId: 'p-2', groups: ['c'] }
const lonely: Account = { username: 'caro', password: 'Lonely-Staple', externalId: 'p-3', groups: [] }
const foreign: Account = { username: 'jürgen', password: 'pässwörd 秘密', externalId: 'p-4', groups: [] }
const groups = Array.from({ length: 1_000 }, (_, index) => `g${index}`)
const crowded: Account = { username: 'dora', password: 'Crowded-Staple', externalId: 'p-5', groups }
const shut: Readonly<Record<string, RefusedAccount>> = {
  disabled: { username: 'emil', password: 'Disabled-Staple', why: 'disabled' },
  expired: { username: 'fritz', password: 'Expired-Staple', why: 'expired' },
}

/** Everything that can happen to the directory. */
export interface Directory {
  fault: 'none' | 'down' | 'silent'
  disabled: boolean
  leftGroups: boolean
  /** Codes and tokens that were used. */
  readonly used: Set<string>
  /** What `begin` was called with, by code. */
  readonly begun: Map<string, string>
  made: number
  closed: number
}

export interface Model {
  readonly directory: Directory
  readonly context: LoginSourceContext
  /** The account of this name, if the directory answers. */
  readonly lookUp: (username: string) => Promise<Account | undefined>
}

const known = [right, other, lonely, foreign, crowded]

export function identityOf({ externalId, username, groups: all }: Account, { directory }: Model): Identity {
  return { externalId, username, groups: directory.leftGroups && username === right.username ? [] : all }
}

function verdictOf(account: Account | undefined, model: Model): Verdict {
  if (!account) return { ok: false, why: 'credentials' }
  if (model.directory.disabled && account.username === right.username) return { ok: false, why: 'disabled' }
  return { ok: true, identity: identityOf(account, model) }
}

async function answered({ directory }: Model): Promise<boolean> {
  if (directory.fault === 'silent') await new Promise((resolve) => setImmediate(resolve))
  return directory.fault === 'none'
}

const UNAVAILABLE: Verdict = { ok: false, why: 'unavailable', detail: 'the directory does not answer' }

/** The right source. */
export function modelSource(model: Model): LoginSource {
  const { directory } = model
  const refused = new Map(Object.values(shut).map((account) => [account.username, account]))
  return {
    password: {
      async verify({ username, password }) {
        if (!(await answered(model))) return UNAVAILABLE
        if (password === '') return { ok: false, why: 'credentials' }
        const out = refused.get(username)
        if (out) return { ok: false, why: out.password === password ? out.why : 'credentials' }
        const account = await model.lookUp(username)
        if (account?.password !== password) return { ok: false, why: 'credentials' }
        return verdictOf(account, model)
      },
    },
    async refresh({ externalId }) {
      if (!(await answered(model))) return UNAVAILABLE
      return verdictOf(
        known.find((account) => account.externalId === externalId),
        model,
      )
    },
    async lookup({ username }) {
      if (!(await answered(model))) return UNAVAILABLE
      return verdictOf(await model.lookUp(username), model)
    },
    redirect: {
      async begin({ callbackUrl, state }) {
        const nonce = String(++directory.made)
        return {
          url: `https://up.example/?${new URLSearchParams({ callbackUrl, state, nonce }).toString()}`,
          state: { state, nonce },
        }
      },
      async complete({ url, state: kept }) {
        const query = new URL(url).searchParams
        const code = query.get('code') ?? ''
        const fits = query.get('state') === kept['state'] && directory.begun.get(code) === kept['nonce']
        if (!fits || directory.used.has(code)) return { ok: false, why: 'credentials' }
        directory.used.add(code)
        return verdictOf(right, model)
      },
    },
    negotiate: {
      async step(token) {
        const text = new TextDecoder().decode(token)
        if (!/^token-\d+-of-anna-and-more$/.test(text) || directory.used.has(text)) {
          return { verdict: { ok: false, why: 'credentials' } }
        }
        directory.used.add(text)
        return { verdict: verdictOf(right, model), reply: new Uint8Array([1]) }
      },
    },
    health: async () => ({ ok: await answered(model) }),
    async [Symbol.asyncDispose]() {
      directory.closed++
    },
  }
}

/** A subject for the kit over one directory, its source changed by `change`. */
export function modelSubject(
  change: (source: LoginSource, model: Model) => LoginSource = (source) => source,
): LoginSubject {
  const directory: Directory = {
    fault: 'none',
    disabled: false,
    leftGroups: false,
    used: new Set(),
    begun: new Map(),
    made: 0,
    closed: 0,
  }
  const until = (set: (on: boolean) => void) => async () => {
    set(true)
    return { [Symbol.asyncDispose]: async () => set(false) }
  }
  const open = async (context: LoginSourceContext) => {
    const lookUp = async (username: string) => known.find((account) => account.username === username)
    const model: Model = { directory, context, lookUp }
    return change(modelSource(model), model)
  }
  return {
    open,
    accounts: { right, other, lonely, foreign, crowded, refused: shut },
    offers: ['refresh', 'lookup', 'health'],
    deadline: 500,
    faults: {
      down: until((on) => void (directory.fault = on ? 'down' : 'none')),
      silent: until((on) => void (directory.fault = on ? 'silent' : 'none')),
    },
    changes: {
      disable: until((on) => void (directory.disabled = on)),
      leaveGroups: until((on) => void (directory.leftGroups = on)),
    },
    redirect: {
      async visit(url) {
        const query = new URL(url).searchParams
        const code = `code-${++directory.made}`
        directory.begun.set(code, query.get('nonce') ?? '')
        return `${query.get('callbackUrl')}?${new URLSearchParams({ code, state: query.get('state') ?? '' }).toString()}`
      },
    },
    negotiate: { token: async () => new TextEncoder().encode(`token-${++directory.made}-of-anna-and-more`) },
    plugin: { plugin: modelPlugin, config: { url: 'https://directory.example' } },
  }
}

export const modelPlugin = defineLoginSource({
  type: 'model',
  config: Type.Object({ url: Type.String() }, { additionalProperties: false }),
  open: async (_, context) => modelSubject().open(context),
})
