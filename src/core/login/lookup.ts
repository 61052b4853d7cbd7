/** A source that proves people, and a directory that knows them: together one source. */
import type { Identity, LoginSource, Verdict } from '#plugin'
import { comparisonKey } from '../users/names.ts'

type Lookup = NonNullable<LoginSource['lookup']>
type Known = Pick<Identity, 'externalId' | 'username'>

/**
 * Who somebody is and what they are called stays the word of `source`; groups, mail and the rest are the directory's, which
 * also has to know the name and to let it in. Asked again, at a refresh, is the directory alone.
 */
export function withLookup(source: LoginSource, lookup: Lookup): LoginSource {
  const { password, negotiate, redirect, passwordChange } = source

  /** `credentials` when the directory knows nobody of this name. */
  async function found({ externalId, username }: Known, signal: AbortSignal): Promise<Verdict> {
    const verdict = await lookup({ username, signal })
    if (!verdict.ok) return verdict
    const { identity } = verdict
    // A directory may find an entry by more than its name, and then it is somebody else's.
    if (comparisonKey(identity.username) === comparisonKey(username))
      return { ok: true, identity: { ...identity, externalId, username } }
    return { ok: false, why: 'credentials', detail: `the directory finds ${identity.username} for ${username}` }
  }

  async function completed(verdict: Verdict, signal: AbortSignal): Promise<Verdict> {
    if (!verdict.ok) return verdict
    const { amr, username } = verdict.identity
    const known = await found(verdict.identity, signal)
    if (known.ok) return { ok: true, identity: { ...known.identity, ...(amr && { amr }) } }
    // The proof was right, so no other source is to be asked for it.
    if (known.why !== 'credentials') return known
    return { ok: false, why: 'not-allowed', detail: known.detail ?? `the directory does not know ${username}` }
  }

  return {
    ...(password && {
      password: { verify: async (login) => completed(await password.verify(login), login.signal) },
    }),
    ...(negotiate && {
      negotiate: {
        networks: negotiate.networks ?? [],
        async step(token, signal) {
          const { verdict, reply } = await negotiate.step(token, signal)
          const complete = await completed(verdict, signal)
          return complete.ok && reply ? { verdict: complete, reply } : { verdict: complete }
        },
      },
    }),
    ...(redirect && {
      redirect: {
        begin: (request) => redirect.begin(request),
        complete: async (callback) => completed(await redirect.complete(callback), callback.signal),
      },
    }),
    ...(passwordChange && { passwordChange }),
    refresh: ({ signal, ...identity }) => found(identity, signal),
    ...(source.diagnose && { diagnose: source.diagnose.bind(source) }),
    ...(source.health && { health: source.health.bind(source) }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
