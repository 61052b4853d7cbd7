/** Asks the login source again while a session goes on: somebody who left the directory gets no further tokens. */
import type { Audit } from '../audit/audit.ts'
import type { ConfiguredSource, Login } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import type { Holder } from './identity-tokens.ts'
import { createRecent } from '../memory/recent.ts'

export interface RecheckDeps {
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly login: Login
  readonly sources: () => readonly ConfiguredSource[]
}

/** How often, at most, a source with `refresh` is asked about the holder of one identity token. */
const RECHECK_EVERY = 5 * 60_000
const REMEMBERED = 10_000

/** The user as the source sees it now. Refuses as `Login.recheck` does. */
export function createRecheck({ world, audit, login, sources }: RecheckDeps) {
  const checkedAt = createRecent<number>(REMEMBERED)
  const running = new Map<string, Promise<User>>()

  async function ask({ record, user }: Holder, caller: Caller): Promise<User> {
    try {
      const now = await login.recheck(user, caller)
      checkedAt.set(record.id, world.now())
      return now
    } catch (error) {
      if (error instanceof Problem) {
        const detail = { why: 'recheck', code: error.code, use: 'exchange', session: record.id }
        audit.record({ event: 'token.refused', outcome: 'refused', target: `user:${user.username}`, caller, detail })
      }
      throw error
    }
  }

  return async (holder: Holder, caller: Caller): Promise<User> => {
    const { record, user } = holder
    const source = sources().find(({ id }) => id === user.source)?.source
    if (!source?.refresh || world.now() - (checkedAt.get(record.id) ?? record.createdAt) < RECHECK_EVERY) return user
    const asked = running.get(record.id)
    if (asked) return await asked
    const question = ask(holder, caller)
    running.set(record.id, question)
    try {
      return await question
    } finally {
      running.delete(record.id)
    }
  }
}
