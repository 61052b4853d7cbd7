/**
 * Login sources that break one promise each: every one of them must fail the named case of the kit, or the kit proves
 * nothing. A mutant changes one thing about the right source of `login/model.ts`.
 */
import type { Identity, LoginSource, PasswordLogin, Verdict } from '#plugin'
import type { LoginSubject } from './login/case.ts'
import { identityOf, type Model, modelPlugin, modelSubject, right } from './login/model.ts'

export interface LoginMutant {
  /** What it does wrong. */
  readonly name: string
  /** Names of cases, each of which it fails. */
  readonly fails: readonly string[]
  readonly subject: () => LoginSubject
}

type Verify = NonNullable<LoginSource['password']>['verify']

function verifying(
  name: string,
  fails: string | readonly string[],
  wrong: (verify: Verify, login: PasswordLogin, model: Model) => Promise<Verdict>,
): LoginMutant {
  return changing(name, fails, (source, model) => {
    const verify: Verify = (login) => source.password?.verify(login) ?? Promise.reject(new Error('no passwords'))
    return { ...source, password: { verify: (login) => wrong(verify, login, model) } }
  })
}

export function changing(
  name: string,
  fails: string | readonly string[],
  change: (source: LoginSource, model: Model) => LoginSource,
): LoginMutant {
  return { name, fails: [fails].flat(), subject: () => modelSubject(change) }
}

/** The identity in a verdict changed. */
function naming(name: string, fails: string, change: (identity: Identity) => Identity): LoginMutant {
  return verifying(name, fails, async (verify, login) => {
    const verdict = await verify(login)
    return verdict.ok ? { ok: true, identity: change(verdict.identity) } : verdict
  })
}

const RIGHT = 'the right password gives the identity: who it is and all groups'
const METACHARACTERS = 'characters that mean something to a query mean themselves in a name'
const BROKEN = 'a broken source is "unavailable" within the deadline, whatever the password'
const AT_ONCE = 'many logins at once get their own verdicts'
let served = 0
let last: Verdict | undefined

export const loginMutants: readonly LoginMutant[] = [
  verifying('lets nobody in', RIGHT, async () => ({ ok: false, why: 'credentials' })),
  verifying('lets everybody in', 'a wrong password is "credentials"', async (_, { username }, model) => {
    const account = await model.lookUp(username)
    return account ? { ok: true, identity: identityOf(account, model) } : { ok: false, why: 'credentials' }
  }),
  naming('forgets a group', RIGHT, (identity) => ({ ...identity, groups: identity.groups.slice(1) })),
  naming('has groups of its own', 'an account without groups has an empty list of them', (identity) => ({
    ...identity,
    groups: [...identity.groups, 'everybody'],
  })),
  naming('stops at five hundred groups', 'an account in a thousand groups has all of them', (identity) => ({
    ...identity,
    groups: identity.groups.slice(0, 500),
  })),
  naming('names a group twice', RIGHT, (identity) => ({
    ...identity,
    groups: [...identity.groups, ...identity.groups],
  })),
  naming('gives another id each time', 'the identity is the same at every login and in every opening', (identity) => ({
    ...identity,
    externalId: `${++served}`,
  })),
  naming('says more than the contract', RIGHT, (identity) => ({ ...identity, isAdmin: true })),
  naming('cannot spell beyond ASCII', 'a name or a password beyond ASCII works', (identity) => ({
    ...identity,
    username: identity.username.replace(/[^ -~]/g, '?'),
  })),
  verifying('compares the beginning', 'all of a long password counts, not only its beginning', (verify, login) =>
    verify({ ...login, password: login.password.slice(0, right.password.length) }),
  ),
  verifying('trims passwords', 'case, space and repetition in a password matter', (verify, login) =>
    verify({ ...login, password: login.password.trim() }),
  ),
  verifying('ignores case in passwords', 'case, space and repetition in a password matter', (verify, login) =>
    verify({ ...login, password: /^correct-horse$/i.test(login.password) ? right.password : login.password }),
  ),
  verifying('takes an empty password', 'an empty password lets nobody in, known or not', (verify, login) =>
    verify({ ...login, password: login.password === '' ? right.password : login.password }),
  ),
  verifying('takes an empty name for anna', 'an empty name lets nobody in', (verify, login) =>
    verify({ ...login, username: login.username === '' ? right.username : login.username }),
  ),
  verifying('takes anybody’s password', 'the password of somebody else lets nobody in', async (verify, login) => {
    const passwords = [right.password, 'Other-Staple']
    const verdicts = await Promise.all(passwords.map((password) => verify({ ...login, password })))
    return (passwords.includes(login.password) ? verdicts.find(({ ok }) => ok) : undefined) ?? verify(login)
  }),
  verifying('stops at U+0000', 'U+0000 in a name or a password is no end of it', (verify, login) =>
    verify({ ...login, username: login.username.split('\0')[0] ?? '' }),
  ),
  verifying('stops at U+0000 in passwords', 'U+0000 in a name or a password is no end of it', (verify, login) =>
    verify({ ...login, password: login.password.split('\0')[0] ?? '' }),
  ),
  verifying(
    'chokes on long names',
    'a name or a password of a hundred thousand characters is refused, and the next login goes on',
    async (verify, login) => {
      if (login.username.length > 10_000) throw new Error('too long')
      return verify(login)
    },
  ),
  verifying(
    'tells unknown names',
    'an unknown name is "credentials", as a wrong password is',
    async (verify, login, model) =>
      (await model.lookUp(login.username)) ? verify(login) : ({ ok: false, why: 'unknown' } as unknown as Verdict),
  ),
  verifying(
    'is quick with unknown names',
    'an unknown name takes as long as a wrong password',
    async (verify, login, model) => {
      const known = await model.lookUp(login.username)
      const until = performance.now() + (known ? 12 : 0)
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
      return verify(login)
    },
  ),
  verifying('lets a star match', METACHARACTERS, (verify, login) =>
    verify({ ...login, username: login.username === '*' ? right.username : login.username }),
  ),
  verifying('unescapes names', METACHARACTERS, (verify, login) =>
    verify({ ...login, username: login.username.replace(/%[0-9a-f]{2}.*|["'\\#;()<>/].*/g, '') }),
  ),
  verifying('throws at quotes', METACHARACTERS, async (verify, login) => {
    if (login.username.includes("'")) throw new Error('syntax error')
    return verify(login)
  }),
  verifying(
    'lets a star match any password',
    'characters that mean something to a query mean themselves in a password',
    (verify, login) => verify({ ...login, password: login.password === '*' ? right.password : login.password }),
  ),
  verifying(
    'lets homographs in as somebody else',
    'a name written with other code points is the same account or nobody',
    async (verify, login, model) => {
      if (!login.username.includes('\u0430')) return verify(login)
      const account = await model.lookUp('bert')
      return account ? { ok: true, identity: identityOf(account, model) } : verify(login)
    },
  ),
  verifying(
    'takes another case for somebody else',
    'a name in another case, or with spaces around it, is the same account or nobody',
    async (verify, login, model) => {
      const verdict = await verify({ ...login, username: login.username.trim().toLowerCase() })
      if (!verdict.ok || login.username === right.username) return verdict
      return { ok: true, identity: identityOf({ ...right, externalId: `id of ${login.username}` }, model) }
    },
  ),
  verifying('drops half characters', 'half a surrogate pair in a name or a password is refused', (verify, login) =>
    verify({
      ...login,
      username: login.username.replace(/[\ud800-\udfff]/g, ''),
      password: login.password.replace(/[\ud800-\udfff]/g, ''),
    }),
  ),
  verifying('mixes up answers', AT_ONCE, async (verify, login) => {
    const verdict = verify(login)
    await new Promise((resolve) => setImmediate(resolve))
    const before = last
    last = await verdict
    return before && served++ % 50 === 49 ? before : last
  }),
  verifying('answers one at a time and gives up', AT_ONCE, async (verify, login) => {
    served++
    try {
      if (served > 100) return { ok: false, why: 'unavailable' }
      await new Promise((resolve) => setImmediate(resolve))
      return await verify(login)
    } finally {
      served--
    }
  }),
  verifying(
    'never settles what is called off',
    'a login that is called off is settled, and the next one goes on',
    async (verify, login) => {
      await new Promise((resolve) => setImmediate(resolve))
      return login.signal.aborted ? new Promise<Verdict>(() => undefined) : verify(login)
    },
  ),
  verifying(
    'lets the disabled in',
    [
      'who is disabled, locked, expired or not allowed is told apart, and not let in',
      'who is not let in is not let in with a wrong password either',
    ],
    async (verify, login, model) =>
      login.username === 'emil' ? { ok: true, identity: identityOf(right, model) } : verify(login),
  ),
  verifying(
    'calls the expired wrong',
    'who is disabled, locked, expired or not allowed is told apart, and not let in',
    async (verify, login) => {
      const verdict = await verify(login)
      return !verdict.ok && verdict.why === 'expired' ? { ok: false, why: 'credentials' } : verdict
    },
  ),
]

let remembered: Verdict | undefined

/** The same over whole sources. */
export const rememberingMutants: readonly LoginMutant[] = [
  verifying(
    'remembers groups',
    'the groups of one account are not those of another that logged in before',
    async (verify, login) => {
      const verdict = await verify(login)
      if (!verdict.ok) return verdict
      remembered ??= verdict
      return remembered.ok
        ? { ok: true, identity: { ...verdict.identity, groups: remembered.identity.groups } }
        : verdict
    },
  ),
  verifying(
    'remembers who may log in',
    'who is disabled from now on is not let in from now on',
    async (verify, login, model) =>
      login.username === right.username && login.password === right.password
        ? { ok: true, identity: identityOf(right, model) }
        : verify(login),
  ),
  verifying('remembers groups for ever', 'who leaves all groups has none at the next login', async (verify, login) => {
    const verdict = await verify(login)
    return verdict.ok && login.username === right.username
      ? { ok: true, identity: { ...verdict.identity, groups: right.groups } }
      : verdict
  }),
  verifying('calls a broken directory a wrong password', BROKEN, async (verify, login) => {
    const verdict = await verify(login)
    return !verdict.ok && verdict.why === 'unavailable' ? { ok: false, why: 'credentials' } : verdict
  }),
  verifying(
    'waits for a broken directory',
    [BROKEN, 'many logins at once to a broken source are all "unavailable" within the deadline'],
    async (verify, login, { directory }) =>
      directory.fault === 'silent' ? new Promise<Verdict>(() => undefined) : verify(login),
  ),
  verifying(
    'stays broken',
    'a source that is well again lets people in again',
    async (verify, login, { directory }) => {
      const verdict = await verify(login)
      if (directory.fault !== 'none') directory.used.add('broken')
      return directory.used.has('broken') ? { ok: false, why: 'unavailable' } : verdict
    },
  ),
  verifying('tells the password in the detail', 'no password is in a verdict or in the log', async (verify, login) => {
    const verdict = await verify(login)
    return verdict.ok ? verdict : { ...verdict, detail: `tried ${login.password}` }
  }),
  verifying('logs the password', 'no password is in a verdict or in the log', async (verify, login, { context }) => {
    context.log.debug('login', { with: Buffer.from(login.password).toString('base64') })
    return verify(login)
  }),
  verifying(
    'logs the password when broken',
    'no password is in the log when the source is broken',
    async (verify, login, model) => {
      if (model.directory.fault !== 'none') model.context.log.error(`bind failed: ${login.password}`)
      return verify(login)
    },
  ),
  {
    name: 'takes any key',
    fails: ['a section with an unknown key is refused, the right one is not'],
    subject: () => {
      const config = { ...modelPlugin.config, additionalProperties: true }
      return { ...modelSubject(), plugin: { plugin: { ...modelPlugin, config }, config: { url: 'x' } } }
    },
  },
  {
    name: 'has an odd type',
    fails: ['the plugin says what it is'],
    subject: () => ({ ...modelSubject(), plugin: { plugin: { ...modelPlugin, type: 'My Plugin' }, config: {} } }),
  },
]
