/** Who is known and not let in, and who is in which groups. */
import { BrokenPromise, equal } from '../promise.ts'
import { type LoginCase, equalIdentity, refused } from './case.ts'

export const accounts: readonly LoginCase[] = [
  {
    name: 'who is disabled, locked, expired or not allowed is told apart, and not let in',
    needs: ['password', 'refused'],
    async run({ verify, accounts: { refused: shut = {} } }) {
      for (const [what, account] of Object.entries(shut)) {
        const verdict = await verify(account)
        if (verdict.ok) throw new BrokenPromise(`Expected the ${what} account to be refused, got an identity`)
        equal([what, verdict.why], [what, account.why])
      }
    },
  },
  {
    name: 'who is not let in is not let in with a wrong password either',
    needs: ['password', 'refused'],
    async run({ verify, accounts: { refused: shut = {} } }) {
      for (const { username } of Object.values(shut)) refused(await verify({ username, password: 'wrong' }))
    },
  },
  {
    name: 'an account without groups has an empty list of them',
    needs: ['password', 'lonely'],
    async run({ verify, accounts: { right, lonely = right } }) {
      equalIdentity(await verify(lonely), { ...lonely, groups: [] })
    },
  },
  {
    name: 'an account in a thousand groups has all of them',
    needs: ['password', 'crowded'],
    async run({ verify, accounts: { right, crowded = right } }) {
      if (crowded.groups.length < 1_000) throw new BrokenPromise('Expected the crowded account to have 1,000 groups')
      equalIdentity(await verify(crowded), crowded)
    },
  },
  {
    name: 'the groups of one account are not those of another that logged in before',
    needs: ['password', 'other'],
    async run({ verify, accounts: { right, other = right } }) {
      for (const account of [right, other, right, other]) equalIdentity(await verify(account), account)
    },
  },
  {
    name: 'who is disabled from now on is not let in from now on',
    needs: ['password', 'disable'],
    async run({ verify, subject, accounts: { right } }) {
      equalIdentity(await verify(right), right)
      {
        await using _change = await subject.changes?.disable?.()
        refused(await verify(right))
      }
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'who leaves all groups has none at the next login',
    needs: ['password', 'leaveGroups'],
    async run({ verify, subject, accounts: { right } }) {
      equalIdentity(await verify(right), right)
      await using _change = await subject.changes?.leaveGroups?.()
      equalIdentity(await verify(right), { ...right, groups: [] })
    },
  },
]
