/** Opening the management UI of a broker out of the account: for whom, with which token, and where it may go. */
import { expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { elementsOf } from '../harness/markup.ts'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { visitorOf } from '../harness/visitor.ts'

const MANAGEMENT = 'https://rabbit.example:15671/mq'

async function opened(): Promise<TestServer> {
  const server = await startTestServer()
  const { brokers, rules, groups } = server.instance.core
  const broker = { name: 'eu', resourceServerId: 'rabbit-eu', version: '4.3', managementUrl: MANAGEMENT }
  await brokers.create(broker, OPERATOR)
  await brokers.create({ ...broker, name: 'old', resourceServerId: 'rabbit-old', version: '3.13' }, OPERATOR)
  await brokers.create({ name: 'bare', resourceServerId: 'rabbit-bare', version: '4.3' }, OPERATOR)
  await groups.create({ name: 'ops' }, OPERATOR)
  const rights = { configure: [], write: [], read: ['*'] }
  const rule = { subjectKind: 'user', subject: 'alice', ...rights } as const
  await rules.create({ ...rule, vhost: 'prod', tags: ['management'] }, OPERATOR)
  await rules.create({ ...rule, vhost: 'test' }, OPERATOR)
  await rules.create({ ...rule, vhost: 'imp', tags: ['impersonator'] }, OPERATOR)
  await rules.create({ subjectKind: 'group', subject: 'ops', vhost: '*', ...rights, tags: ['policymaker'] }, OPERATOR)
  return server
}

/** `vhost on broker` of every button. */
function places(html: string): readonly string[] {
  const labels = elementsOf(html).map(({ attributes }) => attributes['aria-label'] ?? '')
  return labels.filter((label) => label.startsWith('Open in ')).map((label) => label.slice(label.indexOf(': ') + 2))
}

test('the account lists the vhosts whose rules let a person in, on brokers that take a posted token', async () => {
  await using server = await opened()
  const alice = await visitorOf(server)
  expect(places(await (await alice.get('/account/brokers')).text())).toEqual(['prod on eu'])
  expect(await (await alice.get('/account')).text()).toContain('href="/account/brokers"')

  const bob = await visitorOf(server, 'bob')
  expect(places(await (await bob.get('/account/brokers')).text())).toEqual([])
  await server.instance.core.groups.addMember('ops', 'bob', OPERATOR)
  expect(places(await (await bob.get('/account/brokers')).text())).toEqual(['imp on eu', 'prod on eu', 'test on eu'])

  for (const name of ['eu', 'old']) await server.instance.core.brokers.update(name, { managementUrl: null }, OPERATOR)
  expect(await (await alice.get('/account')).text()).not.toContain('href="/account/brokers"')
})

test('the button gives a form that posts a token of this person, and the page allows that origin alone', async () => {
  await using server = await opened()
  const alice = await visitorOf(server)
  const answer = await alice.send('/account/brokers/open', { broker: 'eu', vhost: 'prod' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const policy = answer.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("form-action 'self' https://rabbit.example:15671;")
  const elements = elementsOf(await answer.text())
  const form = elements.find(({ name, attributes }) => name === 'form' && 'data-submit' in attributes)
  expect(form?.attributes).toMatchObject({ method: 'post', action: `${MANAGEMENT}/login` })
  const fields = elements.filter(({ name }) => name === 'input').map(({ attributes }) => attributes)
  expect(fields.map(({ name }) => name)).toEqual(['access_token'])
  expect(decodeJwt(fields[0]?.['value'] ?? '')).toMatchObject({
    sub: 'alice',
    aud: ['rabbit-eu'],
    vhost: 'prod',
    scope: 'rabbit-eu.read:prod/*/* rabbit-eu.tag:management',
  })
  const { items } = await (await server.asOperator('/audit?event=token.issued')).json()
  expect(items[0]).toMatchObject({ target: 'user:alice', detail: { use: 'management', broker: 'eu', vhost: 'prod' } })
})

test.each([
  ['a vhost without a tag', { broker: 'eu', vhost: 'test' }],
  ['a tag that opens nothing', { broker: 'eu', vhost: 'imp' }],
  ['a vhost without a rule', { broker: 'eu', vhost: 'other' }],
  ['a broker without a management UI', { broker: 'bare', vhost: 'prod' }],
  ['a broker that takes no posted token', { broker: 'old', vhost: 'prod' }],
  ['no broker', { broker: 'none', vhost: 'prod' }],
])('%s gives no token', async (_, asked) => {
  await using server = await opened()
  const alice = await visitorOf(server)
  const answer = await alice.send('/account/brokers/open', asked)
  expect(answer.status).toBe(403)
  expect(await answer.text()).not.toContain('access_token')
})

test('another site cannot make the browser of a person post a token', async () => {
  await using server = await opened()
  const alice = await visitorOf(server)
  const fields = { broker: 'eu', vhost: 'prod' }
  const answers = [
    await alice.send('/account/brokers/open', { ...fields, csrf: 'x' }),
    await alice.send('/account/brokers/open', fields, { 'sec-fetch-site': 'cross-site' }),
  ]
  for (const answer of answers) {
    expect(answer.status).toBe(403)
    expect(await answer.text()).not.toContain('access_token')
  }
})
