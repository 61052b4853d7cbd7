/** The Kerberos source keeps the login contract, on a real realm. */
import { afterAll, beforeAll } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import kerberos from '../../plugins/login/kerberos/index.ts'
import { loginConformance } from '../conformance/login-source.ts'
import { describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { makeTokens, sectionOf } from '../kerberos/realm.ts'

const account = (username: string, password: string) => ({
  username,
  password,
  externalId: `${username}@${REALM}`,
  groups: [],
})
const PEOPLE = {
  right: account('anna', 'Correct horse battery'),
  other: account('bert', 'Another staple'),
  foreign: account('jürgen', 'pässwörd 秘密'),
}
const REFUSED = {
  expired: { username: 'emil', password: 'Expired staple', why: 'expired' },
  revoked: { username: 'fritz', password: 'Revoked staple', why: 'locked' },
  privileged: { username: 'anna/admin', password: 'Admin staple', why: 'not-allowed' },
} as const

describeKdc('on MIT Kerberos', () => {
  let kdc: Kdc
  beforeAll(async () => {
    const people = Object.values({ ...PEOPLE, ...REFUSED }).map(({ username, password }) => [username, password])
    kdc = await startKdc({ people: Object.fromEntries(people) })
    await kdc.admin('modprinc -pwexpire yesterday emil', 'modprinc -allow_tix fritz')
  })
  afterAll(() => kdc?.[Symbol.asyncDispose]())

  const section = () => {
    const { type: _type, id: _id, ...keys } = sectionOf(kdc)
    // The kit asks many times at once, and breaks what it can.
    return { ...keys, sidecar: { timeoutMs: 1_500, maxWaiting: 10_000, passwordProcesses: 4 } }
  }

  loginConformance('kerberos', {
    open: (context) => kerberos.open(Value.Parse(kerberos.config, section()), context),
    accounts: { ...PEOPLE, refused: REFUSED },
    offers: ['health'],
    parallel: 60,
    faults: {
      'no answer': async () => {
        kdc.freeze()
        return { [Symbol.asyncDispose]: async () => kdc.thaw() }
      },
    },
    changes: {
      disable: async () => {
        await kdc.admin('modprinc -allow_tix anna')
        return { [Symbol.asyncDispose]: async () => void (await kdc.admin('modprinc +allow_tix anna')) }
      },
    },
    negotiate: {
      token: async () => {
        const { username, password } = PEOPLE.right
        const [token = ''] = await makeTokens(await kdc.logIn(username, password))
        return Buffer.from(token, 'base64')
      },
    },
    plugin: {
      plugin: kerberos,
      config: { keytab: '/etc/leveret/http.keytab', services: ['HTTP/login.example.com'], realms: [REALM] },
    },
    without: {
      lonely: 'a realm has no groups',
      crowded: 'a realm has no groups',
      leaveGroups: 'a realm has no groups',
      health: 'it looks at the realm only after a login that was not answered',
    },
  })
})
