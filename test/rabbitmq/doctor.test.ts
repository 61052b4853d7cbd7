import { beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type DoctorInput, diagnose, type Finding } from '../../src/core/rabbitmq/doctor.ts'
import { claims, FAULTY, NOW, without } from './faulty-tokens.ts'
import { aBroker } from './grants.ts'

let privateKey: CryptoKey
let otherKey: CryptoKey
let jwks: string

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  privateKey = pair.privateKey
  otherKey = (await generateKeyPair('ES256')).privateKey
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] })
})

function sign(payload: object, header: object = {}, key = privateKey): Promise<string> {
  return new SignJWT({ ...payload }).setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header }).sign(key)
}

async function ask(token: string, input: Partial<DoctorInput> = {}): Promise<readonly Finding[]> {
  return diagnose({ token, broker: aBroker(), jwks, now: NOW + 10_000, ...input })
}

describe('diagnose()', () => {
  for (const version of ['3.10', '4.0', '4.3']) {
    test(`finds nothing wrong with a token of ours on ${version}`, async () => {
      const findings = await ask(await sign(claims), { broker: aBroker({ version }), vhost: 'prod' })
      expect(findings.filter((finding) => !finding.ok)).toEqual([])
      expect(findings.map((finding) => finding.rule)).toEqual([
        'form',
        'size',
        'algorithm',
        'key',
        'signature',
        'audience',
        'expiry',
        'clock',
        'user',
        'lifetime',
        'scope',
        'prefix',
        'segments',
        'encoding',
        'vhost-wildcard',
        'variables',
        'vhost',
        'permissions',
        'default-exchange',
        'tags',
      ])
    })
  }

  test('sums up what the token allows in its vhost', async () => {
    const findings = await ask(await sign(claims))
    expect(findings.find((finding) => finding.rule === 'permissions')).toEqual({
      rule: 'permissions',
      ok: true,
      text: 'In vhost "prod": configure app-*/*; write amq.default/* app-*/*; read app-*/*',
    })
  })

  for (const { rule, name, payload = claims, header, broker = '3.10', input, text, brokerSays } of FAULTY) {
    test(`${rule}: tells ${name}`, async () => {
      const token = header && 'alg' in header ? reheaded(await sign(payload), header) : await sign(payload, header)
      const findings = await ask(token, { broker: aBroker({ version: broker }), ...input })
      const finding = findings.find((candidate) => candidate.rule === rule)
      expect(finding?.ok).toBe(false)
      expect(finding?.text).toContain(text)
      if (rule !== 'size') expect(finding?.brokerSays).toBe(brokerSays)
    })
  }

  test('signature: tells a signature of another key', async () => {
    const findings = await ask(await sign(claims, {}, otherKey))
    expect(findings.find((finding) => finding.rule === 'signature')).toEqual({
      rule: 'signature',
      ok: false,
      text: 'Its signature does not fit the key',
      brokerSays: 'signature_invalid',
    })
  })

  test('vhost: a variable opens any vhost from 4.1.1 on', async () => {
    const token = await sign({ ...claims, scope: 'rabbitmq.read:{vhost}/q/*' })
    const findings = await ask(token, { broker: aBroker({ version: '4.1' }), vhost: 'anything' })
    expect(findings.find((finding) => finding.rule === 'vhost')?.ok).toBe(true)
  })

  test('vhost: asks for one when the token names none', async () => {
    const findings = await ask(await sign(without('vhost')))
    expect(findings.find((finding) => finding.rule === 'vhost')?.text).toContain('Say which vhost')
    expect(findings.some((finding) => finding.rule === 'permissions')).toBe(false)
  })

  test('default-exchange and tags: tell what is missing without calling it wrong', async () => {
    const findings = await ask(await sign({ ...claims, scope: 'rabbitmq.read:prod/q/*' }))
    const facts = findings.filter(({ rule }) => rule === 'default-exchange' || rule === 'tags')
    expect(facts.map(({ ok, brokerSays }) => ({ ok, brokerSays }))).toEqual([
      {
        ok: true,
        brokerSays: "ACCESS_REFUSED - access to exchange 'amq.default' in vhost 'prod' refused for user 'alice'",
      },
      { ok: true, brokerSays: 'Not management user' },
    ])
  })

  for (const [version, says] of [
    ['3.10', undefined],
    ['4.0', 'NOT_ALLOWED - New secret was refused by one of the backends'],
  ] as const) {
    test(`refresh: wants the same user on ${version}`, async () => {
      const input = { previous: await sign(claims), broker: aBroker({ version }) }
      const same = await ask(await sign(claims), input)
      const other = await ask(await sign({ ...claims, sub: 'bob', client_id: 'bob' }), input)
      expect(same.find((finding) => finding.rule === 'refresh')?.ok).toBe(true)
      expect(other.find((finding) => finding.rule === 'refresh')).toMatchObject({ ok: false })
      expect(other.find((finding) => finding.rule === 'refresh')?.brokerSays).toBe(says)
    })
  }

  for (const [version, brokerSays] of [
    ['4.0', 'provided token is invalid'],
    ['4.3', '{error,{invalid_token,'],
  ] as const) {
    test(`form: tells what is no token in the words of ${version}`, async () => {
      expect(await ask('not.a.token', { broker: aBroker({ version }) })).toMatchObject([{ ok: false, brokerSays }])
    })
  }

  test('takes any text for a token', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      fc.constant('eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0'),
    )
    const property = fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
      const [first] = await ask(parts.join('.'))
      expect(first?.rule).toBe('form')
    })
    await fc.assert(property, { numRuns: 300 })
  })
})

/** The same token with other words in its header; the signature no longer fits. */
function reheaded(token: string, header: object): string {
  const [, ...rest] = token.split('.')
  return [Buffer.from(JSON.stringify({ kid: 'k1', ...header })).toString('base64url'), ...rest].join('.')
}
