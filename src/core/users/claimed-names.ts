/** A name is a person's or a client's, never both: brokers show either by it (RFC 9700 section 4.15). */
import { Type as t } from '@sinclair/typebox'
import { defineCollection, insert, type Step, type Storage, update } from '#plugin'
import { clients } from '../clients/records.ts'
import { repository } from '../storage/repository.ts'
import { isFindable } from './find-users.ts'
import { comparisonKey } from './names.ts'

/** Names that somebody is giving to a user or a client. Needed only while two may do so at the same time. */
export const claimedNames = defineCollection({
  name: 'claimed_name',
  fields: t.Object({
    /** As names compare. */
    name: t.String({ maxLength: 190 }),
    /** Grows with every claim. */
    claims: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['name'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})

/** Longer than anybody takes from reading to writing. */
const KEEP = 3_600_000

/**
 * A step of the commit that gives this name. Ask for it before looking whether the name is free: of two who give it at the
 * same time, the step of the later one fails, and it looks again.
 */
export async function claimName(storage: Storage, text: string, now: number): Promise<Step> {
  const name = comparisonKey(text)
  const expiresAt = now + KEEP
  const before = await repository(storage, claimedNames).get({ name })
  if (!before) return insert(claimedNames, { name, claims: 1, expiresAt })
  const { claims } = before
  return update(claimedNames, { name }, { set: { claims: claims + 1, expiresAt }, when: { claims } })
}

/** Whether a client has the name that a user is to have. */
export async function isNameOfClient(storage: Storage, username: string): Promise<boolean> {
  const registered = repository(storage, clients)
  for (const id of new Set([username, comparisonKey(username)]))
    if (isFindable(id) && (await registered.get({ id }))) return true
  return false
}
