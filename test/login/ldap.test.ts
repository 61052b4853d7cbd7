/** The LDAP source keeps the login contract, on a real OpenLDAP. */
import { afterAll, beforeAll } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import ldap from '../../plugins/login/ldap/index.ts'
import { loginConformance } from '../conformance/login-source.ts'
import { BASE, describeSlapd, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { entry } from '../harness/slapd-people.ts'

const crowd = Array.from({ length: 1_000 }, (_each, index) => `crowd-${index}`)
const account = (username: string, password: string, externalId: string, groups: readonly string[] = []) => {
  return { username, password, externalId, groups }
}
const PEOPLE = {
  right: account('anna', 'Correct horse battery', 'p-1', ['kit-billing', 'kit-backend']),
  other: account('bert', 'Another staple', 'p-2', ['kit-frontend']),
  lonely: account('caro', 'Lonely staple', 'p-3'),
  foreign: account('jörg', 'pässwörd 秘密', 'p-4'),
  crowded: account('dora', 'Crowded staple', 'p-5', crowd),
}
const REFUSED = {
  locked: { username: 'emil', password: 'Locked staple', externalId: 'p-6', why: 'locked' },
  expired: { username: 'fritz', password: 'Reset staple', externalId: 'p-7', why: 'expired' },
} as const

const dnOf = (externalId: string) => `employeeNumber=${externalId},ou=User,${BASE}`
const LENIENT = `cn=lenient,ou=Policies,${BASE}`
const FOR_GOOD = '000001010000Z'

function person({ username, password, externalId }: Omit<typeof PEOPLE.right, 'groups'>, more = {}): string {
  const names = { employeeNumber: externalId, cn: username, sn: username, uid: username }
  const policy = { pwdPolicySubentry: LENIENT, ...more }
  return entry(dnOf(externalId), { objectClass: 'inetOrgPerson', ...names, userPassword: password, ...policy })
}

/** Everybody of the kit, and a policy that locks nobody for wrong passwords: the kit tries many. */
function kit(): string {
  const people = Object.values(PEOPLE)
  const names = [...new Set(people.flatMap(({ groups }) => groups))]
  const members = (name: string) =>
    people.filter(({ groups }) => groups.includes(name)).map((one) => dnOf(one.externalId))
  const policy = { cn: 'lenient', pwdAttribute: 'userPassword', pwdLockout: 'TRUE', pwdMustChange: 'TRUE' }
  return [
    entry(LENIENT, { objectClass: ['device', 'pwdPolicy'], ...policy }),
    ...people.map((one) => person(one)),
    person(REFUSED.locked, { pwdAccountLockedTime: FOR_GOOD }),
    person(REFUSED.expired, { pwdReset: 'TRUE' }),
    ...names.map((cn) =>
      entry(`cn=${cn},ou=Group,${BASE}`, {
        objectClass: 'groupOfNames',
        cn,
        member: [`cn=svc,ou=Service,${BASE}`, ...members(cn)],
      }),
    ),
  ].join('')
}

describeSlapd('on OpenLDAP', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd({ ldif: kit() })
  })
  afterAll(() => slapd?.[Symbol.asyncDispose]())

  const section = () => ({
    urls: [slapd.ldaps],
    tls: { caFile: slapd.caFile },
    ...SERVICE,
    baseDn: BASE,
    attributes: { id: 'employeeNumber' },
    // The kit asks many times at once, and breaks what it can.
    maxWaiting: 10_000,
    connectTimeoutMs: 1_500,
    operationTimeoutMs: 1_500,
    loginDeadlineMs: 5_000,
  })
  const modify = (externalId: string, change: string) => {
    return slapd.change(`dn: ${dnOf(externalId)}\nchangetype: modify\n${change}\n`)
  }
  const memberships = async (verb: 'add' | 'delete') => {
    const { externalId, groups } = PEOPLE.right
    const change = (cn: string) =>
      `dn: cn=${cn},ou=Group,${BASE}\nchangetype: modify\n${verb}: member\nmember: ${dnOf(externalId)}\n\n`
    await slapd.change(groups.map(change).join(''))
  }

  loginConformance('ldap', {
    open: (context) => ldap.open(Value.Parse(ldap.config, section()), context),
    accounts: { ...PEOPLE, refused: REFUSED },
    offers: ['refresh', 'lookup', 'health'],
    faults: {
      'no answer': async () => {
        slapd.freeze()
        return { [Symbol.asyncDispose]: async () => slapd.thaw() }
      },
      'no server': async () => {
        await slapd.kill()
        return { [Symbol.asyncDispose]: () => slapd.start() }
      },
    },
    changes: {
      disable: async () => {
        const attribute = 'pwdAccountLockedTime'
        await modify(PEOPLE.right.externalId, `add: ${attribute}\n${attribute}: ${FOR_GOOD}\n`)
        return { [Symbol.asyncDispose]: () => modify(PEOPLE.right.externalId, `delete: ${attribute}\n`) }
      },
      leaveGroups: async () => {
        await memberships('delete')
        return { [Symbol.asyncDispose]: () => memberships('add') }
      },
    },
    plugin: {
      plugin: ldap,
      config: { urls: ['ldaps://ldap.corp.example'], baseDn: BASE, ...SERVICE },
    },
  })
})
