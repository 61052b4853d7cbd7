import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { bodyOf, type TestServer } from '../harness/server.ts'
import { sectionOf, startServerOf } from './realm.ts'

describeKdc('the doctor', () => {
  let kdc: Kdc
  let server: TestServer
  beforeAll(async () => {
    kdc = await startKdc({ people: { alice: 'alice secret' } })
    server = await startServerOf({ ...sectionOf(kdc), sidecar: { timeoutMs: 500 } })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await kdc?.[Symbol.asyncDispose]()
  })

  async function told(question: Readonly<Record<string, string>>) {
    const answer = await server.asOperator('/control/diagnose', {
      method: 'POST',
      json: { source: 'realm', ...question },
    })
    const { steps, ...rest } = (await bodyOf(answer)) as { steps?: { ok: boolean; step: string; detail: string }[] }
    return { ...rest, steps: steps?.map(({ ok, step, detail }) => `${ok ? 'ok' : 'no'}: ${step}: ${detail}`) }
  }

  test('shows every step of a login', async () => {
    expect((await told({ username: 'alice', password: 'alice secret' })).steps).toEqual([
      'ok: use the keytab: it can be read and holds keys',
      `ok: name: alice@${REALM}`,
      'ok: get a ticket for the password and open it with the keytab: it is right',
      `ok: apply the rules: alice, alice@${REALM}`,
    ])
    const wrong = await told({ username: 'alice', password: 'wrong' })
    expect(wrong.steps?.at(-1)).toStartWith('no: get a ticket')
    expect((await told({ username: 'alice@ELSEWHERE' })).steps?.at(-1)).toBe('no: name: of none of the realms')
    expect(await server.instance.core.users.get('alice')).toBeUndefined()
  })

  test('sees without a password whether the realm answers', async () => {
    expect((await told({ username: 'alice' })).steps?.at(-1)).toStartWith('ok: ask the realm: Client')
    kdc.freeze()
    expect((await told({ username: 'alice' })).steps?.at(-1)).toStartWith('no: ask the realm: it did not answer')
    kdc.thaw()
  })
})
