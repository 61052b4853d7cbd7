/** `refresh`: is this identity still known and allowed, and with which groups? */
import type { Verdict } from '#plugin'
import { BrokenPromise } from '../promise.ts'
import { checkVerdict, everybody, inTime, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

async function refresh(
  { source, subject }: Opened,
  identity: { readonly externalId: string; readonly username: string },
): Promise<Verdict> {
  if (!source.refresh) throw new BrokenPromise('Expected the source to offer refresh')
  const { externalId, username } = identity
  const verdict = await inTime(subject, source.refresh({ externalId, username, signal: new AbortController().signal }))
  checkVerdict(verdict)
  return verdict
}

export const refreshing: readonly LoginCase[] = [
  {
    name: 'refresh of somebody known gives the same identity as a login',
    needs: ['refresh'],
    async run(opened) {
      for (const account of everybody(opened.accounts)) equalIdentity(await refresh(opened, account), account)
    },
  },
  {
    name: 'refresh of somebody unknown is refused',
    needs: ['refresh'],
    async run(opened) {
      const verdict = await refresh(opened, { externalId: 'nobody-with-this-id', username: 'nobody-of-this-name' })
      refused(verdict)
      if (!verdict.ok && verdict.why === 'unavailable') throw new BrokenPromise('Expected a refusal, got "unavailable"')
    },
  },
  {
    name: 'refresh of an identity whose name somebody else has now does not give that somebody',
    needs: ['refresh', 'other'],
    async run(opened) {
      const { right, other = right } = opened.accounts
      for (const externalId of ['nobody-with-this-id', right.externalId]) {
        const verdict = await refresh(opened, { externalId, username: other.username })
        if (verdict.ok && verdict.identity.externalId !== externalId) {
          throw new BrokenPromise(`Expected nobody but ${externalId}, got ${verdict.identity.externalId}`)
        }
      }
    },
  },
  {
    name: 'refresh sees that somebody was disabled',
    needs: ['refresh', 'disable'],
    async run(opened) {
      const { right } = opened.accounts
      {
        await using _change = await opened.subject.changes?.disable?.()
        refused(await refresh(opened, right))
      }
      equalIdentity(await refresh(opened, right), right)
    },
  },
  {
    name: 'refresh sees that somebody left all groups',
    needs: ['refresh', 'leaveGroups'],
    async run(opened) {
      const { right } = opened.accounts
      await using _change = await opened.subject.changes?.leaveGroups?.()
      equalIdentity(await refresh(opened, right), { ...right, groups: [] })
    },
  },
  {
    name: 'refresh of a broken source is "unavailable", within the deadline',
    needs: ['refresh', 'faults'],
    async run(opened) {
      for (const [what, breaking] of Object.entries(opened.subject.faults ?? {})) {
        await using _broken = await breaking()
        const verdict = await refresh(opened, opened.accounts.right).catch((thrown: unknown): Verdict => {
          if (thrown instanceof BrokenPromise) throw thrown
          return { ok: false, why: 'unavailable' }
        })
        if (verdict.ok || verdict.why !== 'unavailable') {
          throw new BrokenPromise(`Expected "unavailable" with ${what}, got ${Bun.inspect(verdict)}`)
        }
      }
    },
  },
]
