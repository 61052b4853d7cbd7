/** Clients with a secret at the token endpoint: one method, the one that was registered (RFC 6749 section 2.3). */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createSecretKey } from 'node:crypto'
import type { NewClient } from '../../src/core/clients/clients.ts'
import { asserter, type ClientKey, clientKey, OK, outcome, REFUSED } from '../harness/assertion.ts'
import { type OAuthServer, startOAuthServer } from '../harness/oauth.ts'

const form = { grant_type: 'client_credentials' }

let oauth: OAuthServer
let keys: ClientKey
beforeAll(async () => {
  oauth = await startOAuthServer()
  keys = await clientKey('first')
})
afterAll(() => oauth[Symbol.asyncDispose]())

const client = (input: Partial<NewClient>) => oauth.client({ grants: ['client_credentials'], ...input })
const { asserting } = asserter(
  () => oauth,
  () => keys,
)

test('client_secret_basic form-encodes both halves (RFC 6749 section 2.3.1)', async () => {
  const who = await client({ id: "it's a+b%20&=?".replaceAll(' ', '-').replaceAll('&', '.') })
  const ask = (id: string, secret = who.secret) =>
    oauth.post('/auth/oauth/token', form, { authorization: `Basic ${btoa(`${id}:${secret}`)}` })
  expect(outcome(await ask(encodeURIComponent(who.client.id)))).toEqual(OK)
  expect(outcome(await ask(who.client.id.toUpperCase()))).toEqual(REFUSED)
  expect(outcome(await ask(encodeURIComponent(who.client.id), `${who.secret} `))).toEqual(REFUSED)
  expect(outcome(await ask(encodeURIComponent(who.client.id), ''))).toEqual(REFUSED)
})

test('client_secret_post sends both as parameters', async () => {
  const who = await client({ authMethod: 'client_secret_post' })
  const sent = { client_id: who.client.id, client_secret: who.secret }
  expect(outcome(await oauth.post('/auth/oauth/token', { ...form, ...sent }))).toEqual(OK)
  const wrong = await oauth.post('/auth/oauth/token', { ...form, ...sent, client_secret: 'x' })
  expect(outcome(wrong)).toEqual(REFUSED)
  expect(wrong.headers.get('www-authenticate')).toBeNull()
  expect(outcome(await oauth.post('/auth/oauth/token', form, { authorization: who.basic }))).toEqual(REFUSED)
})

test('client_secret_jwt signs with the secret, also with the one before while it is exchanged', async () => {
  const who = await client({ authMethod: 'client_secret_jwt' })
  const signing = (secret: string) => ({ header: { alg: 'HS256' }, key: createSecretKey(Buffer.from(secret)) })
  expect(outcome(await asserting(who, signing(who.secret)))).toEqual(OK)
  const caller = { actor: 'operator', requestId: 'test' }
  const { clients } = oauth.server.instance.core
  const { secret = '' } = await clients.rotateSecret(who.client.id, { overlap: 60_000 }, caller)
  for (const each of [who.secret, secret]) expect(outcome(await asserting(who, signing(each)))).toEqual(OK)
  expect(outcome(await asserting(who, signing(`${secret}x`)))).toEqual(REFUSED)
  expect(outcome(await asserting(who))).toEqual(REFUSED)
})

test.each([
  ['Basic', 'a header without credentials'],
  ['Basic %%%', 'characters that are no base64'],
  ['Basic Og==', 'an empty id'],
  [`Basic ${btoa('a:b')}, Basic ${btoa('c:d')}`, 'two headers'],
  ['Bearer abc', 'another scheme and no client'],
])('%s is no client: %s', async (authorization) => {
  expect(outcome(await oauth.post('/auth/oauth/token', form, { authorization }))).toEqual(REFUSED)
})

test('a public client does not get by with a broken header, nor a confidential one with its id alone', async () => {
  const app = await oauth.client({ confidential: false })
  const named = { grant_type: 'refresh_token', refresh_token: 'x', client_id: app.client.id }
  expect((await oauth.post('/auth/oauth/token', named)).body['error']).toBe('invalid_grant')
  expect(outcome(await oauth.post('/auth/oauth/token', named, { authorization: 'Basic %%%' }))).toEqual(REFUSED)
  const who = await client({})
  expect(outcome(await oauth.post('/auth/oauth/token', { ...form, client_id: who.client.id }))).toEqual(REFUSED)
})

test('two methods at once are refused, and the same credentials twice are one', async () => {
  const [one, two] = [await client({}), await client({})]
  const both = { client_id: two.client.id, client_secret: two.secret }
  const mixed = await oauth.post('/auth/oauth/token', { ...form, ...both }, { authorization: one.basic })
  expect(outcome(mixed)).toEqual({ status: 400, error: 'invalid_request' })
  const twice = { client_id: one.client.id, client_secret: one.secret }
  expect(outcome(await oauth.post('/auth/oauth/token', { ...form, ...twice }, { authorization: one.basic }))).toEqual(
    OK,
  )
  const signed = await client({ authMethod: 'private_key_jwt', jwks: keys.set })
  const also = await asserting(signed, { form: { client_secret: 'x' } })
  expect(outcome(also)).toEqual({ status: 400, error: 'invalid_request' })
})

test('unknown, disabled and wrong are told apart in the log alone', async () => {
  const who = await client({ id: 'told-apart' })
  const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })
  const unknown = await oauth.post('/auth/oauth/token', form, basic('nobody-at-all', 'x'))
  const wrong = await oauth.post('/auth/oauth/token', form, basic('told-apart', 'x'))
  await oauth.server.asOperator('/clients/told-apart', { method: 'PATCH', json: { disabled: true } })
  const disabled = await oauth.post('/auth/oauth/token', form, basic('told-apart', who.secret))
  expect(new Set([unknown, wrong, disabled].map(({ body }) => JSON.stringify(body))).size).toBe(1)
  for (const why of ['unknown', 'wrong secret', 'disabled']) expect(oauth.server.logs()).toContain(`"why":"${why}"`)
})
