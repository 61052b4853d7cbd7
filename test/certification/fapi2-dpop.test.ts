/** FAPI 2.0 Security Profile, the same plan: proofs of possession (RFC 9449). */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type JWK, type JWTPayload, UnsecuredJWT } from 'jose'
import { expectError, expectTokens } from './basic-client.ts'
import { type Fapi, makeProofKey, openFapi, sha256 } from './fapi2-client.ts'

let fapi: Fapi
beforeAll(async () => {
  fapi = await openFapi()
})
afterAll(() => fapi[Symbol.asyncDispose]())

const atToken = (claims: JWTPayload = {}) => fapi.proofKey.proof({ htm: 'POST', htu: fapi.url('token'), ...claims })
const atPar = (claims: JWTPayload = {}) => fapi.proofKey.proof({ htm: 'POST', htu: fapi.url('par'), ...claims })
const another = () => makeProofKey(fapi.seconds)
const MISMATCH = ['invalid_request', 'invalid_grant', 'invalid_dpop_proof']

test('ensure-holder-of-key-required', async () => {
  const { code } = await fapi.code()
  expectError(await fapi.redeem(code, { dpop: null }), 'invalid_request', 'invalid_grant')
  expectTokens(await fapi.redeem(code), 'dpop')
})

test('check-dpop-proof-nbf-exp, also by a clock that goes a second ahead', async () => {
  const until = { nbf: fapi.seconds() + 1, exp: fapi.seconds() + 300 }
  const { body } = await fapi.redeem((await fapi.code())['code'], { dpop: await atToken(until) })
  const token = body['access_token']
  expect((await fapi.userinfo(token, { dpop: await fapi.resourceProof(token, until) })).status).toBe(200)
})

for (const [module, seconds] of [
  ['ensure-dpop-proof-with-iat-10-seconds-before-succeeds', -10],
  ['ensure-dpop-proof-with-iat-10-seconds-after-succeeds', 10],
] as const)
  test(module, async () => {
    const iat = fapi.seconds() + seconds
    const answered = await fapi.redeem((await fapi.code())['code'], { dpop: await atToken({ iat }) })
    expectTokens(answered, 'dpop')
    const token = answered.body['access_token']
    expect((await fapi.userinfo(token, { dpop: await fapi.resourceProof(token, { iat }) })).status).toBe(200)
  })

test('ensure-mismatched-dpop-jkt-fails', async () => {
  const { jkt } = await another()
  expectError(await fapi.push({ dpop_jkt: jkt }, { dpop: await atPar() }), 'invalid_request', 'invalid_dpop_proof')
})

test('dpop-negative-tests: wrong proofs at PAR and at the token endpoint', async () => {
  const { code } = await fapi.code()
  for (const wrong of [
    { htm: 'GET' },
    { htu: fapi.url('userinfo') },
    { iat: fapi.seconds() - 3_600 },
    { jti: undefined } as unknown as JWTPayload,
  ]) {
    expectError(await fapi.push({}, { dpop: await atPar(wrong) }), 'invalid_dpop_proof')
    expectError(await fapi.redeem(code, { dpop: await atToken(wrong) }), 'invalid_dpop_proof')
  }
  expectError(await fapi.push({}, { dpop: 'garbage' }), 'invalid_dpop_proof')
  expectError(await fapi.push({}, { dpop: await atToken() }), 'invalid_dpop_proof')
  expectTokens(await fapi.redeem(code), 'dpop')
})

test('ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt, ensure-dpop-proof-at-par-endpoint-binding-success', async () => {
  const { code } = await fapi.code({}, { dpop: await atPar() })
  const wrong = await (await another()).proof({ htm: 'POST', htu: fapi.url('token') })
  expectError(await fapi.redeem(code, { dpop: wrong }), ...MISMATCH)
  expectTokens(await fapi.redeem(code), 'dpop')
})

test('ensure-token-endpoint-fails-with-mismatched-dpop-jkt, ensure-dpop-auth-code-binding-success', async () => {
  const { code } = await fapi.code({ dpop_jkt: fapi.proofKey.jkt })
  const wrong = await (await another()).proof({ htm: 'POST', htu: fapi.url('token') })
  expectError(await fapi.redeem(code, { dpop: wrong }), ...MISMATCH)
  expectTokens(await fapi.redeem(code), 'dpop')
})

test('dpop-negative-tests', async () => {
  const { body } = await fapi.redeem((await fapi.code())['code'])
  const token = String(body['access_token'])
  const proof = (claims?: JWTPayload, header?: Readonly<Record<string, unknown>>) =>
    fapi.resourceProof(token, claims, header)
  const absent = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, undefined])) as JWTPayload
  const statusOf = async (dpop: string | undefined, scheme = 'DPoP') => {
    const headers = { authorization: `${scheme} ${token}`, ...(dpop !== undefined && { dpop }) }
    const { status, headers: answered } = await fapi.userinfo(token, headers)
    if (status === 401) expect(answered.get('www-authenticate')).toMatch(/^(DPoP|Bearer) /)
    return status
  }
  const right = await proof()
  const [header = '', payload = '', signature = ''] = right.split('.')
  const other = await makeProofKey(fapi.seconds)
  const rsa = await makeProofKey(fapi.seconds, 'RS256')
  const ath = sha256(token)
  const now = fapi.seconds()
  const own = { htm: 'GET', htu: fapi.url('userinfo'), ath }
  const wrong: Readonly<Record<string, string | undefined>> = {
    'more than one proof': `${await proof()}, ${await proof()}`,
    'not well-formed': right.replaceAll('.', '-'),
    'without typ': await proof({}, absent('typ')),
    'another typ': await proof({}, { typ: 'JWT' }),
    'without alg': `${Buffer.from(JSON.stringify({ ...headerOf(header), alg: undefined })).toString('base64url')}.${payload}.${signature}`,
    'without jwk': await proof({}, absent('jwk')),
    'without jti': await proof(absent('jti')),
    'without htm': await proof(absent('htm')),
    'without htu': await proof(absent('htu')),
    'without iat': await proof(absent('iat')),
    'without ath': await proof(absent('ath')),
    'signed with RS256': await rsa.proof(own),
    'alg none': new UnsecuredJWT({ ...own, iat: now, jti: crypto.randomUUID() }).encode(),
    'a signature that does not fit': `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    'a private key': await proof({}, { jwk: { ...(headerOf(header)['jwk'] as JWK), d: 'AAAA' } }),
    'another method': await proof({ htm: 'PUT' }),
    'another address': await proof({ htu: fapi.url('token') }),
    'an hour ahead': await proof({ iat: now + 3_600 }),
    'an hour old': await proof({ iat: now - 3_600 }),
    'another token': await proof({ ath: sha256('another') }),
    'another key': await other.proof(own),
    'no proof': undefined,
  }
  for (const [what, dpop] of Object.entries(wrong)) expect([what, await statusOf(dpop)]).toEqual([what, 401])
  expect(await statusOf(undefined, 'Bearer')).toBe(401)
  expect(await statusOf(await proof(), 'Bearer')).toBe(401)

  const { issuer } = fapi.desk.server
  const { host, pathname } = new URL(own.htu)
  for (const htu of [
    `${own.htu}?query=1#fragment`,
    `${new URL(issuer).protocol.toUpperCase()}//${host.toUpperCase()}${pathname}`,
    `${new URL(issuer).origin}:${issuer.startsWith('https') ? 443 : 80}${pathname}`,
  ])
    expect([htu, await statusOf(await proof({ htu }))]).toEqual([htu, 200])
  expect(await statusOf(await proof({ extra: 'claim' }, { extra: 'header' }))).toBe(200)
  const fixed = { jti: 'the same again' }
  expect(await statusOf(await proof(fixed))).toBe(200)
  expect(await statusOf(await proof(fixed))).toBe(401)
  expect(await statusOf(await proof())).toBe(200)
})

test('where a nonce is demanded the suite tries again with it', async () => {
  await using strict = await openFapi({ config: { oauth: { dpopNonce: true } } })
  const { code } = await strict.code()
  const first = await strict.redeem(code)
  expectError(first, 'use_dpop_nonce')
  const nonce = first.headers.get('dpop-nonce') ?? ''
  const dpop = await strict.proofKey.proof({ htm: 'POST', htu: strict.url('token'), nonce })
  const answered = await strict.redeem(code, { dpop })
  expectTokens(answered, 'dpop')
  const token = answered.body['access_token']
  const refused = await strict.userinfo(token)
  expect([refused.status, refused.headers.get('dpop-nonce') === null]).toEqual([401, false])
  const again = await strict.resourceProof(token, { nonce: refused.headers.get('dpop-nonce') ?? '' })
  expect((await strict.userinfo(token, { dpop: again })).status).toBe(200)
})

function headerOf(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
}
