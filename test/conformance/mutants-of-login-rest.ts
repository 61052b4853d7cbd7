/** Broken refreshes, redirects, negotiations, kept secrets and endings. */
import { closeSync, openSync } from 'node:fs'
import type { LoginSource, RedirectCallback, Verdict } from '#plugin'
import type { LoginSubject } from './login/case.ts'
import { identityOf, type Model, modelSubject, right } from './login/model.ts'
import { changing, type LoginMutant } from './mutants-of-login.ts'

type Redirect = NonNullable<LoginSource['redirect']>
type Refresh = NonNullable<LoginSource['refresh']>

const YES = (model: Model): Verdict => ({ ok: true, identity: identityOf(right, model) })

function refreshing(
  name: string,
  fails: string,
  wrong: (refresh: Refresh, asked: Parameters<Refresh>[0], model: Model) => Promise<Verdict>,
): LoginMutant {
  return changing(name, fails, (source, model) => {
    const refresh: Refresh = (asked) => source.refresh?.(asked) ?? Promise.reject(new Error('no refresh'))
    return { ...source, refresh: (asked) => wrong(refresh, asked, model) }
  })
}

function redirecting(
  name: string,
  fails: string,
  change: (redirect: Redirect, model: Model) => Partial<Redirect>,
): LoginMutant {
  return changing(name, fails, (source, model) =>
    source.redirect ? { ...source, redirect: { ...source.redirect, ...change(source.redirect, model) } } : source,
  )
}

/** Completes with the parameters of the callback, or what is kept, made right. */
function forgiving(
  name: string,
  fails: string,
  mend: (callback: RedirectCallback, query: URLSearchParams) => RedirectCallback,
): LoginMutant {
  return redirecting(name, fails, (redirect) => ({
    complete(callback) {
      const url = new URL(callback.url)
      return redirect.complete({ ...mend(callback, url.searchParams), url: url.href })
    },
  }))
}

const CLOSED = new Error('closed already')

export const otherLoginMutants: readonly LoginMutant[] = [
  refreshing(
    'refresh forgets groups',
    'refresh of somebody known gives the same identity as a login',
    async (refresh, asked) => {
      const verdict = await refresh(asked)
      return verdict.ok ? { ok: true, identity: { ...verdict.identity, groups: [] } } : verdict
    },
  ),
  refreshing('refresh knows everybody', 'refresh of somebody unknown is refused', async (_, __, model) => YES(model)),
  refreshing(
    'refresh calls the unknown unavailable',
    'refresh of somebody unknown is refused',
    async (refresh, asked) => {
      const verdict = await refresh(asked)
      return verdict.ok ? verdict : { ok: false, why: 'unavailable' }
    },
  ),
  refreshing(
    'refresh goes by the name',
    'refresh of an identity whose name somebody else has now does not give that somebody',
    async (_, { username }, model) => {
      const account = await model.lookUp(username)
      return account ? { ok: true, identity: identityOf(account, model) } : { ok: false, why: 'credentials' }
    },
  ),
  refreshing(
    'refresh lets the disabled stay',
    'refresh sees that somebody was disabled',
    async (refresh, asked, model) => {
      const verdict = await refresh(asked)
      return !verdict.ok && verdict.why === 'disabled' ? YES(model) : verdict
    },
  ),
  refreshing('refresh keeps groups', 'refresh sees that somebody left all groups', async (refresh, asked) => {
    const verdict = await refresh(asked)
    return verdict.ok ? { ok: true, identity: { ...verdict.identity, groups: right.groups } } : verdict
  }),
  refreshing(
    'refresh says nobody is there when broken',
    'refresh of a broken source is "unavailable", within the deadline',
    async (refresh, asked) => {
      const verdict = await refresh(asked)
      return verdict.ok ? verdict : { ok: false, why: 'disabled' }
    },
  ),
  redirecting(
    'begin forgets the state',
    'begin sends to an absolute URL, with the state, and keeps what JSON can hold',
    (redirect) => ({
      async begin(request) {
        return redirect.begin({ ...request, state: '' })
      },
    }),
  ),
  redirecting(
    'begin keeps a date',
    'begin sends to an absolute URL, with the state, and keeps what JSON can hold',
    (redirect) => ({
      async begin(request) {
        const start = await redirect.begin(request)
        return { ...start, state: { ...start.state, at: new Map() } }
      },
    }),
  ),
  redirecting('refuses who comes back', 'the way to the upstream and back gives the identity', () => ({
    complete: async () => ({ ok: false, why: 'credentials' }),
  })),
  forgiving('does not compare the state', 'a callback with another state is refused', (callback, query) => {
    query.set('state', String(callback.state['state']))
    return callback
  }),
  redirecting('takes any code', 'a callback with another code, or none, is refused', (redirect, model) => ({
    async complete(callback) {
      const verdict = await redirect.complete(callback)
      return verdict.ok || new URL(callback.url).searchParams.get('code') === null ? verdict : YES(model)
    },
  })),
  forgiving(
    'takes what belongs to another beginning',
    'a callback that belongs to another beginning is refused',
    (callback, query) => {
      const nonces = { 'state-one': '1', 'state-two': '3' } as Readonly<Record<string, string>>
      const state = query.get('state') ?? ''
      return { ...callback, state: { state, nonce: nonces[state] ?? '' } }
    },
  ),
  redirecting(
    'lets in whom the upstream refused',
    'a callback that says that the upstream refused is refused',
    (redirect, model) => ({
      complete: async (callback) => (callback.url.includes('error=') ? YES(model) : redirect.complete(callback)),
    }),
  ),
  redirecting('takes a callback twice', 'a callback works once', (redirect, { directory }) => ({
    async complete(callback) {
      directory.used.clear()
      return redirect.complete(callback)
    },
  })),
  negotiating('negotiates with nobody', 'a token gives the identity', async () => ({
    verdict: { ok: false, why: 'credentials' },
  })),
  negotiating('takes a token twice', 'a token works once', async (step, token, { directory }) => {
    directory.used.clear()
    return step(token)
  }),
  negotiating('takes any bytes', 'what is no token is refused, and the next token works', async (_, __, model) => ({
    verdict: YES(model),
  })),
  negotiating('throws at nonsense', 'what is no token is refused, and the next token works', async (step, token) => {
    if (token.length < 10) throw new Error('out of range')
    return step(token)
  }),
  changing('offers less than it says', 'the source offers what it is said to offer, nothing more', (source) => {
    const copy = { ...source }
    Reflect.deleteProperty(copy, 'health')
    return copy
  }),
  changing('is always healthy', 'health says whether the source works', (source) => ({
    ...source,
    health: async () => ({ ok: true }),
  })),
  changing('is never healthy', 'health of a working source is good', (source) => ({
    ...source,
    health: async () => ({ ok: false }),
  })),
  changing('closes once', 'closing twice is no error', (source) => {
    let closed = false
    return {
      ...source,
      async [Symbol.asyncDispose]() {
        if (closed) throw CLOSED
        closed = true
      },
    }
  }),
  changing('closes all openings', 'closing one opening leaves the others open', (source, { directory }) => ({
    ...source,
    password: {
      verify: async (login) => {
        if (directory.closed > 0) throw CLOSED
        return source.password?.verify(login) ?? Promise.reject(CLOSED)
      },
    },
  })),
  changing(
    'hangs when closed while broken',
    'a broken source closes, within the deadline',
    (source, { directory }) => ({
      ...source,
      [Symbol.asyncDispose]: async () =>
        directory.fault === 'silent' ? new Promise<void>(() => undefined) : source[Symbol.asyncDispose](),
    }),
  ),
  changing('keeps a file open', 'opening and closing again and again keeps no descriptor open', (source) => {
    leaked.push(openSync('/dev/null', 'r'))
    return source
  }),
  ...keeping(),
]

const leaked: number[] = []
/** After the mutant that keeps files open. */
export function closeLeaked(): void {
  for (const descriptor of leaked.splice(0)) closeSync(descriptor)
}

type Step = NonNullable<LoginSource['negotiate']>['step']
function negotiating(
  name: string,
  fails: string,
  wrong: (step: (token: Uint8Array) => ReturnType<Step>, token: Uint8Array, model: Model) => ReturnType<Step>,
): LoginMutant {
  return changing(name, fails, (source, model) => {
    const step = (signal: AbortSignal) => (token: Uint8Array) =>
      source.negotiate?.step(token, signal) ?? Promise.reject(new Error('no negotiate'))
    return { ...source, negotiate: { step: (token, signal) => wrong(step(signal), token, model) } }
  })
}

/** The model with secrets that the host keeps: `kept:<salt>:<password turned round>.` */
export function keepingSubject(change: (source: LoginSource) => LoginSource = (source) => source): LoginSubject {
  let salt = 0
  const turned = (password: string) => Array.from(password).toReversed().join('')
  const subject = modelSubject((source, { context, lookUp, directory }) =>
    change({
      ...source,
      password: {
        async verify({ username, password, externalId }) {
          const account = await lookUp(username)
          const secret = externalId === undefined ? undefined : await context.credentials.get(externalId)
          const fits = account && secret?.replace(/^kept:\d+:/, '') === `${turned(password)}.` && password !== ''
          return fits
            ? { ok: true, identity: identityOf(account, { directory, context, lookUp }) }
            : { ok: false, why: 'credentials' }
        },
      },
      passwordChange: {
        secret: async (password) => `kept:${++salt}:${turned(password)}.`,
        accepts: (secret) => /^kept:\d+:.+\.$/.test(secret),
      },
    }),
  )
  return { ...subject, offers: ['refresh', 'health', 'passwordChange'] }
}

function keeping(): LoginMutant[] {
  type Change = NonNullable<LoginSource['passwordChange']>
  const wrong = (name: string, fails: string, change: (right: Change) => Partial<Change>): LoginMutant => ({
    name,
    fails: [fails],
    subject: () =>
      keepingSubject((source) =>
        source.passwordChange
          ? { ...source, passwordChange: { ...source.passwordChange, ...change(source.passwordChange) } }
          : source,
      ),
  })
  const SECRET = 'a secret is not the password, is another each time, and is accepted'
  const NOT_ACCEPTED = 'what verify could not check is not accepted'
  const ignoring: LoginMutant = {
    name: 'checks no secret',
    fails: ['after a change the new password works and the old one does not', 'without a kept secret nobody gets in'],
    subject: () =>
      keepingSubject((source) => ({
        ...source,
        password: {
          verify: async ({ username, password }) =>
            username === right.username && password === right.password
              ? { ok: true, identity: { ...right } }
              : { ok: false, why: 'credentials' },
        },
      })),
  }
  return [
    wrong('keeps the password as it is', SECRET, () => ({ secret: async (password) => `kept:${password}` })),
    wrong('makes the same secret twice', SECRET, () => ({
      secret: async (password) => `kept:1:${Array.from(password).toReversed().join('')}`,
    })),
    wrong('accepts nothing', SECRET, () => ({ accepts: () => false })),
    wrong('accepts anything', NOT_ACCEPTED, () => ({ accepts: () => true })),
    wrong('accepts what contains a secret', NOT_ACCEPTED, () => ({ accepts: (secret) => secret.includes('kept:') })),
    ignoring,
  ]
}
