/** Broken lookups. */
import type { LoginSource, Verdict } from '#plugin'
import { identityOf, type Model, right } from './login/model.ts'
import { changing, type LoginMutant } from './mutants-of-login.ts'

type Lookup = NonNullable<LoginSource['lookup']>

function lookingUp(
  name: string,
  fails: string,
  wrong: (lookup: Lookup, asked: Parameters<Lookup>[0], model: Model) => Promise<Verdict>,
): LoginMutant {
  return changing(name, fails, (source, model) => {
    const lookup: Lookup = (asked) => source.lookup?.(asked) ?? Promise.reject(new Error('no lookup'))
    return { ...source, lookup: (asked) => wrong(lookup, asked, model) }
  })
}

export const lookupMutants: readonly LoginMutant[] = [
  lookingUp('lookup forgets groups', 'lookup of a name gives the same identity as a login', async (lookup, asked) => {
    const verdict = await lookup(asked)
    return verdict.ok ? { ok: true, identity: { ...verdict.identity, groups: [] } } : verdict
  }),
  lookingUp(
    'lookup takes a pattern for a name',
    'lookup of an unknown name, and of none, is "credentials"',
    async (lookup, { signal, username }) => lookup({ signal, username: username.replace(/(.)\*$/, '$1') }),
  ),
  lookingUp(
    'lookup finds the disabled',
    'lookup tells who may not log in apart, as a login does',
    async (lookup, asked, model) => {
      const verdict = await lookup(asked)
      return !verdict.ok && verdict.why === 'disabled' ? { ok: true, identity: identityOf(right, model) } : verdict
    },
  ),
]
