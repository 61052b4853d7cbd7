import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { SigningAlgorithm } from '../../src/core/keys/key-ring.ts'
import { signingKeys } from '../../src/core/keys/records.ts'
import { createSealer } from '../../src/core/keys/sealing.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { MASTER_KEY, OPERATOR, openRing, testWorld } from '../keys/ring.ts'

const TYP = 'identity+jwt'
const ALGORITHMS: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'EdDSA']
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function victim(algorithm: SigningAlgorithm = 'ES256') {
  const opened = await openRing()
  const token = await opened.ring.sign({ sub: 'alice' }, { algorithm, typ: TYP })
  const [header = '', payload = '', signature = ''] = token.split('.')
  const read = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string; kid: string; typ: string }
  return { ...opened, token, header: read, payload, signature }
}

test.each([...ALGORITHMS])(
  'an honest %s token has alg, kid and typ in its header, and verifies with a stranger’s library',
  async (algorithm) => {
    const { ring, token, header } = await victim(algorithm)
    expect(Object.keys(header)).toEqual(['alg', 'kid', 'typ'])
    expect(header).toMatchObject({ alg: algorithm, typ: TYP })
    const { createLocalJWKSet, jwtVerify } = await import('jose')
    const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(ring.jwks())), { typ: TYP })
    expect(payload).toEqual({ sub: 'alice' })
    expect(await ring.verify(token, TYP)).toEqual({ sub: 'alice' })
  },
)

test.each([...ALGORITHMS])('row 16: a %s token of one type does not pass for another', async (algorithm) => {
  await using opened = await victim(algorithm)
  const { ring, token } = opened
  for (const typ of ['at+jwt', 'JWT', 'IDENTITY+JWT', 'application/identity+jwt', '']) {
    expect(await ring.verify(token, typ)).toBeUndefined()
  }
})

test('row 39 (CVE-2018-0114): keys inside a token are not used', async () => {
  await using opened = await victim()
  const { ring, header } = opened
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const strange = [
    { jwk },
    { jku: 'https://evil.example/jwks' },
    { x5u: 'https://evil.example/cert' },
    { x5c: ['MIIB'] },
    { jwk, kid: 'evil' },
  ]
  for (const more of strange) {
    const forged = await new SignJWT({ sub: 'admin' })
      .setProtectedHeader({ ...header, ...more } as never)
      .sign(privateKey)
    expect(await ring.verify(forged, TYP)).toBeUndefined()
  }
})

test('row 40 (CVE-2022-23540): alg none in any spelling is refused', async () => {
  await using opened = await victim()
  const { ring, header, payload, signature } = opened
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, 0, ['ES256'], 'es256']) {
    const forged = encoded({ ...header, alg })
    for (const sig of ['', signature, 'AA'])
      expect(await ring.verify(`${forged}.${payload}.${sig}`, TYP)).toBeUndefined()
    expect(await ring.verify(`${forged}.${payload}`, TYP)).toBeUndefined()
  }
})

test.each([...ALGORITHMS])('row 40 (CVE-2023-48223): the public %s key is no HMAC secret', async (algorithm) => {
  await using opened = await victim(algorithm)
  const { ring, header, payload } = opened
  const keys = (JSON.parse(ring.jwks()) as { keys: Record<string, string>[] }).keys
  const secrets = keys.flatMap((key) => [JSON.stringify(key), key['n'] ?? '', key['x'] ?? '', ''])
  for (const alg of ['HS256', header.alg]) {
    for (const secret of secrets) {
      const input = `${encoded({ ...header, alg })}.${payload}`
      const forged = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
      expect(await ring.verify(forged, TYP)).toBeUndefined()
    }
  }
})

test('row 40: the algorithm belongs to the key, not to the token', async () => {
  await using opened = await victim()
  const { ring } = opened
  for (const algorithm of ALGORITHMS) await ring.sign({}, { algorithm, typ: TYP })
  for (const { kid, algorithm } of ring.list()) {
    for (const alg of ALGORITHMS.filter((each) => each !== algorithm)) {
      const { privateKey } = await generateKeyPair(alg)
      const forged = await new SignJWT({}).setProtectedHeader({ alg, kid, typ: TYP }).sign(privateKey)
      expect(await ring.verify(forged, TYP)).toBeUndefined()
    }
  }
})

test('row 40: a strange kid is refused', async () => {
  await using opened = await victim()
  const { ring, header, payload, signature } = opened
  const strange = ['../../etc/passwd', "' OR 1=1 --", '"', '\0', '', `${header.kid}\0`, 'k'.repeat(10_000), null, 7, {}]
  for (const kid of strange) {
    expect(await ring.verify(`${encoded({ ...header, kid })}.${payload}.${signature}`, TYP)).toBeUndefined()
  }
  const { kid: _, ...without } = header
  expect(await ring.verify(`${encoded(without)}.${payload}.${signature}`, TYP)).toBeUndefined()
})

test('row 40: crit, b64 and unencoded payloads are refused', async () => {
  await using opened = await victim()
  const { ring, header, payload, signature } = opened
  for (const more of [{ crit: ['b64'], b64: false }, { b64: false }, { crit: [] }, { zip: 'DEF' }]) {
    expect(await ring.verify(`${encoded({ ...header, ...more })}.${payload}.${signature}`, TYP)).toBeUndefined()
  }
})

test('a token changed in any one character does not verify', async () => {
  await using opened = await victim()
  const { ring, token } = opened
  for (let at = 0; at < token.length - 1; at++) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    expect(await ring.verify(changed, TYP)).toBeUndefined()
  }
})

test('an oversize token is refused before it is read', async () => {
  await using opened = await victim()
  const { ring } = opened
  const big = await ring.sign({ scope: 'x'.repeat(8_000) }, { algorithm: 'ES256', typ: TYP })
  expect(big.length).toBeGreaterThan(8_192)
  expect(await ring.verify(big, TYP)).toBeUndefined()
})

test('verify() of garbage is undefined and never throws', async () => {
  await using opened = await victim()
  const { ring, token } = opened
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  )
  const pieces = fc.constantFrom(...token.split('.'))
  const tokens = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(part, pieces), { maxLength: 5 }).map((parts) => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(tokens, fc.constantFrom(TYP, 'at+jwt', ''), async (garbage, typ) => {
      const claims = await ring.verify(garbage, typ)
      expect(claims === undefined || garbage === token).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('row 50 (CVE-2026-90942): no private key material in the key set, the list or the audit log', async () => {
  await using opened = await openRing()
  const { ring, storage, audit } = opened
  await ring.tick()
  await ring.sign({}, { algorithm: 'EdDSA', typ: 'JWT' })
  await ring.rotate('RS256', {}, OPERATOR)
  const sealer = createSealer(MASTER_KEY, testWorld())
  const answers = ring.jwks() + JSON.stringify(ring.list()) + JSON.stringify(audit.entries)
  let canaries = 0
  for await (const { kid, sealedPrivate, publicJwk } of repository(storage, signingKeys).all()) {
    const sealed = { purpose: 'signing', collection: 'signing_key', key: kid }
    const secret = JSON.parse(sealer.open(sealedPrivate ?? '', sealed)) as Record<string, string>
    for (const [member, value] of Object.entries(secret)) {
      if (member in publicJwk) continue
      canaries++
      expect(answers).not.toContain(value)
    }
  }
  expect(canaries).toBe(1 + 6 + 6 + 1)
  const { keys } = JSON.parse(ring.jwks()) as { keys: Record<string, string>[] }
  const members = ['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']
  expect([...new Set(keys.flatMap((key) => Object.keys(key)))].toSorted()).toEqual(members)
  expect(keys.map(({ kty }) => kty)).not.toContain('oct')
})
