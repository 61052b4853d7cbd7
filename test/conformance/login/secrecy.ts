/** Passwords go in and do not come out: not in verdicts, not in the log, not in what is kept. */
import { BrokenPromise } from '../promise.ts'
import { type LoginCase, type Opened } from './case.ts'

const CANARY = 'canary-b7d1e0-song'

async function attempts({ verify, accounts: { right } }: Opened): Promise<string> {
  const said: unknown[] = []
  for (const [username, password] of [
    [right.username, right.password],
    [right.username, CANARY],
    [`${CANARY}-name`, CANARY],
    ['*', `${CANARY}*)(uid=*`],
    [right.username, `${CANARY}${'x'.repeat(5_000)}`],
  ] as const)
    said.push(await verify({ username, password }).catch(String))
  return JSON.stringify(said)
}

function silent(text: string, secrets: readonly string[], where: string): void {
  const told = secrets.find((secret) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64')))
  if (told !== undefined) throw new BrokenPromise(`Expected no password in ${where}, got one`)
}

export const secrecy: readonly LoginCase[] = [
  {
    name: 'no password is in a verdict or in the log',
    needs: ['password'],
    async run(opened) {
      const verdicts = await attempts(opened)
      const secrets = [opened.accounts.right.password, CANARY]
      silent(verdicts.replaceAll(`${CANARY}-name`, ''), secrets, 'the verdicts')
      silent(opened.logged().replaceAll(`${CANARY}-name`, ''), secrets, 'the log')
    },
  },
  {
    name: 'no password is in the log when the source is broken',
    needs: ['password', 'faults'],
    async run(opened) {
      for (const breaking of Object.values(opened.subject.faults ?? {})) {
        await using _broken = await breaking()
        const verdicts = await attempts(opened)
        const secrets = [opened.accounts.right.password, CANARY]
        silent(verdicts.replaceAll(`${CANARY}-name`, ''), secrets, 'the verdicts')
        silent(opened.logged().replaceAll(`${CANARY}-name`, ''), secrets, 'the log')
      }
    },
  },
]
