/** Initial access tokens (RFC 7591 section 3): who holds one may register as many clients as it says, until it ends. */
import { insert, type Page, type Step, type Storage, take, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { digestOf, isSameDigest } from '../digest.ts'
import { newId } from '../identifier.ts'
import { Problem } from '../problem.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import { type RegistrationToken, registrationTokens } from './records.ts'

export interface RegistrationTokens {
  /** The text is shown this once. */
  create(
    input: { readonly ttl: number; readonly uses: number; readonly note: string },
    caller: Caller,
  ): Promise<{ readonly token: RegistrationToken; readonly text: string }>
  list(page: { readonly limit: number; readonly after?: string }): Promise<Page<RegistrationToken>>
  delete(id: string, caller: Caller): Promise<void>
  /** Steps that use it once; `undefined` for a text that is none or no longer. */
  spend(text: string): Promise<readonly Step[] | undefined>
}

export function createRegistrationTokens(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
}): RegistrationTokens {
  const { storage, world, audit } = deps
  const stored = repository(storage, registrationTokens)

  return {
    async create({ ttl, uses, note }, caller) {
      const id = newId('rt', world)
      const secret = Buffer.from(world.random(32)).toString('base64url')
      const now = world.now()
      const token = { id, digest: digestOf(secret), note, uses, createdAt: now, expiresAt: now + ttl }
      await storage.commit([insert(registrationTokens, token)])
      const target = `registration-token:${id}`
      audit.record({ event: 'registration-token.created', outcome: 'ok', target, caller, detail: { uses, note } })
      return { token, text: `${id}.${secret}` }
    },
    list: (page) => stored.find(page),
    async delete(id, caller) {
      if (!(await storage.commit([take(registrationTokens, { id })])).ok)
        throw new Problem('not_found', 'There is no such registration token')
      const target = `registration-token:${id}`
      audit.record({ event: 'registration-token.deleted', outcome: 'ok', target, caller })
    },
    async spend(text) {
      const [id = '', secret = ''] = text.split('.')
      const token = await stored.get({ id })
      if (!token || token.expiresAt <= world.now() || !isSameDigest(token.digest, digestOf(secret))) return undefined
      const { uses } = token
      if (uses <= 1) return [take(registrationTokens, { id }, { uses })]
      return [update(registrationTokens, { id }, { set: { uses: uses - 1 }, when: { uses } })]
    },
  }
}
