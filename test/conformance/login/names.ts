/** Names are data: whatever a query language makes of them, nobody gets in as somebody else. */
import { equal } from '../promise.ts'
import { type Account, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

/** What means something to LDAP, SQL, a shell, a URL or a path. */
const METACHARACTERS = [
  '*',
  '*)(uid=*',
  '*)(objectClass=*))(|(uid=*',
  'NAME)(|(uid=*',
  'NAME*',
  '\\2a',
  'NAME\\2a',
  'NAME,ou=people',
  'NAME+cn=x',
  'uid=NAME',
  'NAME"',
  "NAME'",
  "' OR '1'='1",
  "NAME' --",
  'NAME; DROP TABLE users',
  'NAME`id`',
  '$(id)',
  'NAME#',
  '#NAME',
  '<NAME>',
  'NAME=',
  '../NAME',
  'NAME%00',
  'NAME%2f..',
  'NAME\\',
  'NAME\n',
  'NAME\r\nx: y',
  'NAME\t',
  '(NAME)',
  'NAME/admin',
  '{NAME}',
  'NAME;',
]

/** Either the directory takes this spelling for the account's, or nobody is let in: never somebody else. */
async function sameOrNobody({ verify }: Opened, account: Account, username: string): Promise<void> {
  const verdict = await verify({ username, password: account.password })
  if (verdict.ok) equal(verdict.identity.externalId, account.externalId, `who ${JSON.stringify(username)} is`)
}

export const names: readonly LoginCase[] = [
  {
    name: 'characters that mean something to a query mean themselves in a name',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      for (const pattern of METACHARACTERS) {
        const username = pattern.replace('NAME', right.username)
        // A trailing line end may be trimmed by a directory; then it still has to be the same account.
        const verdict = await verify({ username, password: right.password })
        if (verdict.ok && username.trim() === right.username) equalIdentity(verdict, right)
        else refused(verdict)
      }
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'characters that mean something to a query mean themselves in a password',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      for (const password of METACHARACTERS) refused(await verify({ ...right, password }), 'credentials')
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'a name in another case, or with spaces around it, is the same account or nobody',
    needs: ['password'],
    async run(opened) {
      const { right } = opened.accounts
      const { username } = right
      const spellings = [
        username.toUpperCase(),
        username.toLowerCase(),
        ` ${username}`,
        `${username} `,
        `\u00a0${username}`,
      ]
      for (const each of spellings) await sameOrNobody(opened, right, each)
    },
  },
  {
    name: 'a name written with other code points is the same account or nobody',
    needs: ['password'],
    async run(opened) {
      const { right, foreign = right } = opened.accounts
      for (const account of [right, foreign]) {
        const { username } = account
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
          await sameOrNobody(opened, account, username.normalize(form))
        await sameOrNobody(opened, account, `${username}\u200b`)
        await sameOrNobody(opened, account, username.replaceAll('a', '\u0430'))
        await sameOrNobody(opened, account, username.replaceAll('i', '\u0131'))
      }
    },
  },
  {
    name: 'a name or a password beyond ASCII works',
    needs: ['password', 'foreign'],
    async run({ verify, accounts: { right, foreign = right } }) {
      equalIdentity(await verify(foreign), foreign)
      refused(await verify({ ...foreign, password: 'wrong' }), 'credentials')
    },
  },
  {
    name: 'half a surrogate pair in a name or a password is refused',
    needs: ['password'],
    async run({ verify, accounts: { right } }) {
      refused(await verify({ ...right, username: `${right.username}\ud800` }))
      refused(await verify({ ...right, password: `${right.password}\ud800` }))
      equalIdentity(await verify(right), right)
    },
  },
]
