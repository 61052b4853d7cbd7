/** `negotiate`: one token in, a verdict out. */
import type { Verdict } from '#plugin'
import { BrokenPromise } from '../promise.ts'
import { checkVerdict, inTime, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

async function step({ source, subject }: Opened, token: Uint8Array): Promise<Verdict> {
  if (!source.negotiate) throw new BrokenPromise('Expected the source to offer negotiate')
  const { verdict, reply } = await inTime(subject, source.negotiate.step(token, new AbortController().signal))
  checkVerdict(verdict)
  if (reply !== undefined && !(reply instanceof Uint8Array)) throw new BrokenPromise('Expected the reply to be bytes')
  return verdict
}

async function tokenOf({ subject }: Opened): Promise<Uint8Array> {
  const token = await subject.negotiate?.token()
  if (!token) throw new BrokenPromise('Expected a token')
  return token
}

export const negotiating: readonly LoginCase[] = [
  {
    name: 'a token gives the identity',
    needs: ['negotiate'],
    async run(opened) {
      equalIdentity(await step(opened, await tokenOf(opened)), opened.accounts.right)
    },
  },
  {
    name: 'a token works once',
    needs: ['negotiate'],
    async run(opened) {
      const token = await tokenOf(opened)
      equalIdentity(await step(opened, token), opened.accounts.right)
      refused(await step(opened, token))
    },
  },
  {
    name: 'what is no token is refused, and the next token works',
    needs: ['negotiate'],
    async run(opened) {
      const right = await tokenOf(opened)
      const flipped = right.map((byte, index) => (index === right.length >> 1 ? byte ^ 0xff : byte))
      const ntlm = Buffer.concat([Buffer.from('NTLMSSP\0'), Buffer.from([1, 0, 0, 0, 7, 130, 8, 0])])
      for (const token of [new Uint8Array(), new Uint8Array(64_000).fill(0x60), ntlm, right.slice(0, 20), flipped])
        refused(await step(opened, token))
      equalIdentity(await step(opened, await tokenOf(opened)), opened.accounts.right)
    },
  },
]
