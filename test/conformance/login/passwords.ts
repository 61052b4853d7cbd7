/** Password logins: the right one, and everything that is not the right one. */
import type { Verdict } from '#plugin'
import { BrokenPromise, equal, times } from '../promise.ts'
import { everybody, inTime, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

const UNKNOWN = 'nobody-of-this-name'

export const passwords: readonly LoginCase[] = [
  {
    name: 'the right password gives the identity: who it is and all groups',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'the identity is the same at every login and in every opening',
    needs: ['password'],
    async run({ verify, again, accounts: { right } }) {
      const first = await verify(right)
      equal(await verify(right), first)
      const other = await again()
      const signal = new AbortController().signal
      const known = other.passwordChange && { externalId: right.externalId }
      equal(await other.password?.verify({ ...right, ...known, signal }), first)
    },
  },
  {
    name: 'a wrong password is "credentials"',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      for (const password of ['wrong', `${right.password}x`, `x${right.password}`, right.password.slice(0, -1)])
        refused(await verify({ ...right, password }), 'credentials')
    },
  },
  {
    name: 'case, space and repetition in a password matter',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      const { password } = right
      const near = [` ${password}`, `${password} `, password + password, password.toUpperCase(), password.toLowerCase()]
      for (const each of near) if (each !== password) refused(await verify({ ...right, password: each }), 'credentials')
    },
  },
  {
    name: 'all of a long password counts, not only its beginning',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      for (const length of [8, 16, 72, 128, 256, 1_000])
        refused(await verify({ ...right, password: right.password + 'x'.repeat(length) }))
    },
  },
  {
    name: 'an unknown name is "credentials", as a wrong password is',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      refused(await verify({ username: UNKNOWN, password: right.password }), 'credentials')
      refused(await verify({ username: UNKNOWN, password: 'wrong' }), 'credentials')
    },
  },
  {
    name: 'an empty password lets nobody in, known or not',
    needs: ['password'],
    async run({ verify, accounts }) {
      for (const { username } of everybody(accounts)) refused(await verify({ username, password: '' }), 'credentials')
      refused(await verify({ username: UNKNOWN, password: '' }), 'credentials')
      refused(await verify({ username: '', password: '' }), 'credentials')
    },
  },
  {
    name: 'an empty name lets nobody in',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      refused(await verify({ username: '', password: right.password }), 'credentials')
    },
  },
  {
    name: 'the password of somebody else lets nobody in',
    needs: ['password', 'other'],
    async run({ verify, accounts: { right, other = right } }) {
      refused(await verify({ ...right, password: other.password }), 'credentials')
      refused(await verify({ ...other, password: right.password }), 'credentials')
    },
  },
  {
    name: 'U+0000 in a name or a password is no end of it',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      refused(await verify({ ...right, username: `${right.username}\0` }))
      refused(await verify({ ...right, username: `${right.username}\0x` }))
      refused(await verify({ ...right, username: `\0${right.username}` }))
      refused(await verify({ ...right, password: `${right.password}\0` }))
      refused(await verify({ ...right, password: `${right.password}\0x` }))
    },
  },
  {
    name: 'a name or a password of a hundred thousand characters is refused, and the next login goes on',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      refused(await verify({ ...right, username: 'a'.repeat(100_000) }))
      refused(await verify({ ...right, password: 'a'.repeat(100_000) }))
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'many logins at once get their own verdicts',
    needs: ['password'],
    run: atOnce,
  },
  {
    name: 'a login that is called off is settled, and the next one goes on',
    needs: ['password'],
    async run({ source, subject, verify, accounts: { right } }) {
      const before = new AbortController()
      before.abort()
      const abort = new AbortController()
      const under = source.password?.verify({ ...right, signal: abort.signal })
      abort.abort()
      const settled = Promise.allSettled([source.password?.verify({ ...right, signal: before.signal }), under])
      await inTime(subject, settled)
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'an unknown name takes as long as a wrong password',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      const took = { unknown: [] as number[], wrong: [] as number[] }
      const measure = async (into: number[], username: string) => {
        const since = performance.now()
        await verify({ username, password: 'wrong' })
        into.push(performance.now() - since)
      }
      for (let round = 0; round < 20; round++) {
        await measure(took.unknown, `${UNKNOWN}${round}`)
        await measure(took.wrong, right.username)
      }
      const [unknown, wrong] = [lowerQuartile(took.unknown), lowerQuartile(took.wrong)]
      if (Math.abs(unknown - wrong) < Math.max(5, 0.4 * Math.max(unknown, wrong))) return
      throw new BrokenPromise(`Expected the same time, got ${unknown} ms for an unknown name and ${wrong} ms otherwise`)
    },
  },
]

/** Of times on a busy machine the quick ones say most. */
function lowerQuartile(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 4)] ?? 0
}

async function atOnce({ verify, accounts, subject }: Opened): Promise<void> {
  const { right, other = right } = accounts
  await times(subject.parallel ?? 200, async (index) => {
    const [account, expected] = index % 2 ? [other, other] : [right, right]
    const wrong = index % 3 === 0
    const unknown = index % 7 === 0
    const login = {
      username: unknown ? `${UNKNOWN}${index}` : account.username,
      password: wrong ? 'wrong' : account.password,
    }
    const verdict: Verdict = await verify(login)
    if (wrong || unknown) refused(verdict, 'credentials')
    else equalIdentity(verdict, expected)
  })
}
