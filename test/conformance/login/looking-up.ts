/** `lookup`: who has this name, with which groups? */
import type { Verdict } from '#plugin'
import { BrokenPromise, equal } from '../promise.ts'
import { checkVerdict, everybody, inTime, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

async function lookUp({ source, subject }: Opened, username: string): Promise<Verdict> {
  if (!source.lookup) throw new BrokenPromise('Expected the source to offer lookup')
  const verdict = await inTime(subject, source.lookup({ username, signal: new AbortController().signal }))
  checkVerdict(verdict)
  return verdict
}

export const lookingUp: readonly LoginCase[] = [
  {
    name: 'lookup of a name gives the same identity as a login',
    needs: ['lookup'],
    async run(opened) {
      for (const account of everybody(opened.accounts)) equalIdentity(await lookUp(opened, account.username), account)
    },
  },
  {
    name: 'lookup of an unknown name, and of none, is "credentials"',
    needs: ['lookup'],
    async run(opened) {
      for (const username of ['nobody-of-this-name', '', '*', `${opened.accounts.right.username}*`])
        refused(await lookUp(opened, username), 'credentials')
    },
  },
  {
    name: 'lookup tells who may not log in apart, as a login does',
    needs: ['lookup', 'disable'],
    async run(opened) {
      const { right } = opened.accounts
      {
        await using _change = await opened.subject.changes?.disable?.()
        const verdict = await lookUp(opened, right.username)
        refused(verdict)
        equal(verdict.ok || verdict.why === 'unavailable', false, 'whether it is unavailable')
      }
      equalIdentity(await lookUp(opened, right.username), right)
    },
  },
]
