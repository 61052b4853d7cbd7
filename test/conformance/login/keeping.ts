/** `passwordChange`: secrets that the host keeps for the source. */
import { BrokenPromise, equal } from '../promise.ts'
import { type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

function changeOf({ source }: Opened) {
  if (!source.passwordChange) throw new BrokenPromise('Expected the source to offer passwordChange')
  return source.passwordChange
}

export const keeping: readonly LoginCase[] = [
  {
    name: 'after a change the new password works and the old one does not',
    needs: ['password', 'passwordChange'],
    async run(opened) {
      const { right } = opened.accounts
      await opened.credentials.put(right.externalId, await changeOf(opened).secret('another password'))
      equalIdentity(await opened.verify({ ...right, password: 'another password' }), right)
      refused(await opened.verify(right), 'credentials')
    },
  },
  {
    name: 'a secret is not the password, is another each time, and is accepted',
    needs: ['passwordChange'],
    async run(opened) {
      const change = changeOf(opened)
      const [first, second] = [await change.secret('correct horse'), await change.secret('correct horse')]
      if (first.includes('correct horse')) throw new BrokenPromise('Expected the secret not to hold the password')
      if (first === second) throw new BrokenPromise('Expected two secrets of one password to differ')
      equal(await change.accepts(first), true, 'whether its own secret is accepted')
    },
  },
  {
    name: 'what verify could not check is not accepted',
    needs: ['passwordChange'],
    async run(opened) {
      const change = changeOf(opened)
      const secret = await change.secret('correct horse')
      for (const text of ['', 'correct horse', '$', secret.slice(0, 12), `x${secret}`])
        equal(await change.accepts(text), false, `whether ${JSON.stringify(text)} is accepted`)
    },
  },
  {
    name: 'without a kept secret nobody gets in',
    needs: ['password', 'passwordChange'],
    async run({ verify, credentials, accounts: { right } }) {
      await credentials.delete(right.externalId)
      refused(await verify(right), 'credentials')
      await credentials.put(right.externalId, '')
      refused(await verify({ ...right, password: '' }), 'credentials')
    },
  },
]
