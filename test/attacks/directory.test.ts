import { afterAll, beforeAll, expect, test } from 'bun:test'
import { bodyOf, startTestServer, type TestServer } from '../harness/server.ts'
import { BASE, describeSlapd, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { entry } from '../harness/slapd-people.ts'
import { searching } from '../ldap/source.ts'

const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
const WEIRD = ['we(ird)', 'st*r', 'back\\slash', 'com,ma', 'plus+equals=', '#hash', '<angle>', 'semi;colon', '"quoted"']

describeSlapd('with a directory', () => {
  let slapd: Slapd
  let server: TestServer
  beforeAll(async () => {
    const people = WEIRD.map((uid) =>
      entry(`employeeNumber=${WEIRD.indexOf(uid)},ou=User,${BASE}`, {
        objectClass: 'inetOrgPerson',
        employeeNumber: String(WEIRD.indexOf(uid)),
        cn: uid,
        sn: uid,
        uid,
        userPassword: `${uid} secret`,
      }),
    )
    slapd = await startSlapd({ ldif: people.join('') })
    server = await startTestServer({ config: { login: [LOCAL, section()] }, env: { SVC: SERVICE.bindPassword } })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await slapd?.[Symbol.asyncDispose]()
  })

  const section = (more = {}) => ({
    type: 'ldap',
    id: 'corp',
    ...searching(slapd),
    groups: { required: 'allowed_to_login', baseDn: `ou=Group,${BASE}` },
    ...more,
  })
  const logIn = (username: string, password: string, to = server) => {
    to.clock.advance(86_400_000 * 2)
    const headers = { 'content-type': 'application/json' }
    return to.fetch('/auth/session/login', { method: 'POST', headers, body: JSON.stringify({ username, password }) })
  }
  const seen = async (answer: Response) => {
    const { request_id: _, ...body } = await bodyOf(answer)
    const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
    return JSON.stringify([answer.status, headers, body])
  }

  test('row 29 (CVE-2022-2232): whoever is not let in, there or not and for whatever reason, sees one answer', async () => {
    const known = await server.instance.core.login
      .withPassword({ username: 'alice', password: 'alice secret' }, { actor: 'anonymous', requestId: 'x' })
      .then(({ user }) => user.username)
    const refused = [
      [known, 'wrong'],
      ['carol', 'wrong'],
      ['nobody-at-all', 'wrong'],
      ['locked', 'locked secret'],
      ['must', 'must secret'],
      ['twin', 'twin secret'],
      ['bob', 'bob secret'],
      ['trudy', 'trudy secret'],
    ] as const
    const answers = new Set<string>()
    for (const [username, password] of refused) answers.add(await seen(await logIn(username, password)))
    expect([...answers]).toEqual([expect.stringContaining('invalid_credentials')])
  })

  test('row 29: somebody of the directory and somebody of nowhere cost the same work', async () => {
    const { core } = server.instance
    const caller = { actor: 'anonymous', requestId: 'x' }
    await core.login.withPassword({ username: 'alice', password: 'alice secret' }, caller)
    const work = async (username: string) => {
      const steps: string[] = []
      const report = ({ step }: { readonly step: string }) => void steps.push(step.split(' ')[0] ?? '')
      await core.diagnose({ source: 'corp', username, password: 'wrong', report })
      return steps
    }
    expect(await work('nobody-at-all')).toEqual(await work('alice'))
  })

  const names = [
    '*',
    'a*',
    'alice)(uid=*',
    '*)(uid=*))(|(uid=*',
    'alice)(&',
    '\\2a',
    '(alice)',
    'alice,ou=User',
    '))))',
    '|',
    '&',
    '!',
  ]
  test.each(names)('row 30 (CVE-2022-2232): the filter stays what it is, whatever the name: %s', async (name) => {
    for (const password of ['alice secret', SERVICE.bindPassword, 'wrong']) {
      expect((await logIn(name, password)).status).toBe(401)
    }
    expect(await server.instance.core.users.get(name)).toBeUndefined()
  })

  test.each(WEIRD)('row 30: and a person who is called that logs in: %s', async (name) => {
    const login = [LOCAL, section({ groups: { mode: 'none' } })]
    await using open = await startTestServer({ config: { login }, env: { SVC: SERVICE.bindPassword } })
    const { core } = open.instance
    const caller = { actor: 'anonymous', requestId: 'x' }
    const { user } = await core.login.withPassword({ username: name, password: `${name} secret` }, caller)
    expect(user).toMatchObject({ username: name, source: 'corp' })
    expect(await core.login.recheck(user, caller)).toMatchObject({ id: user.id })
  })

  test.each(['*', 'x)(entryUUID=*', '\\00', ''])(
    'row 30 (CVE-2023-4727): nor does an id change it: %j',
    async (externalId) => {
      await using open = await startTestServer({
        config: { login: [LOCAL, section()] },
        env: { SVC: SERVICE.bindPassword },
      })
      const { core } = open.instance
      const user = await core.users.create({ username: 'planted' }, { actor: 'operator', requestId: 'x' })
      const moved = core.users.move(user.id, { source: 'corp', externalId }, { actor: 'operator', requestId: 'x' })
      if (externalId === '') return expect(moved).rejects.toMatchObject({ code: 'invalid_request' })
      const caller = { actor: 'anonymous', requestId: 'x' }
      return expect(core.login.recheck(await moved, caller)).rejects.toMatchObject({ code: 'invalid_token' })
    },
  )
})
