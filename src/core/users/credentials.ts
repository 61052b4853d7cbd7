/** Secrets of login sources, each source confined to its own. */
import { type Credentials, insert, remove, type Step, type Storage, update } from '#plugin'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { credentials } from './records.ts'

export function createCredentials(storage: Storage, source: string): Credentials {
  const stored = repository(storage, credentials)
  return {
    get: async (name) => (await stored.get({ source, name }))?.value,
    async put(name, value) {
      await commitOrAgain(storage, async () => putCredential({ source, name, value }))
    },
    async replace(name, from, to) {
      const step = update(credentials, { source, name }, { set: { value: to }, when: { value: from } })
      return (await storage.commit([step])).ok
    },
    async delete(name) {
      await storage.commit([removeCredential({ source, name })])
    },
  }
}

/** Steps that keep this secret, whatever was there. */
export function putCredential(row: { readonly source: string; readonly name: string; readonly value: string }): Step[] {
  return [removeCredential(row), insert(credentials, row)]
}

export function removeCredential({ source, name }: { readonly source: string; readonly name: string }): Step {
  return remove(credentials, { equals: { source, name } })
}
