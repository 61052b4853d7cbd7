import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { signingKeys } from '../../src/core/keys/records.ts'
import { createSealer, parseMasterKey, UnsealError } from '../../src/core/keys/sealing.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { MASTER_KEY, openRing, testWorld, refusal } from './ring.ts'

const place = { purpose: 'signing', collection: 'signing_key', key: 'k1' }
const sealer = createSealer(MASTER_KEY, testWorld())
const other = createSealer(new Uint8Array(32).fill(8), testWorld())

test('what was sealed opens again, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
      expect(sealer.open(sealer.seal(secret, place), place)).toBe(secret)
    }),
  )
})

test('the same secret never looks the same twice', () => {
  expect(sealer.seal('secret', place)).not.toBe(sealer.seal('secret', place))
})

test('another master key opens nothing and says so in one sentence', () => {
  expect(() => other.open(sealer.seal('secret', place), place)).toThrow(
    new UnsealError(
      'Cannot open the secret of signing_key k1: the master key is not the one it was sealed with, or it was altered',
    ),
  )
})

test('what was sealed for one record, collection or purpose opens in no other', () => {
  const sealed = sealer.seal('secret', place)
  for (const elsewhere of [{ key: 'k2' }, { collection: 'totp' }, { purpose: 'totp' }]) {
    expect(() => sealer.open(sealed, { ...place, ...elsewhere })).toThrow(UnsealError)
  }
})

test('an altered or cut text, or one of another format, does not open', () => {
  const sealed = sealer.seal('secret', place)
  for (let at = 0; at < sealed.length - 1; at++) {
    const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    expect(() => sealer.open(altered, place)).toThrow(UnsealError)
  }
  for (const text of ['', 'v1', 'v1.a.b', sealed.slice(0, 30), sealed.replace('v1.', 'v2.'), `${sealed}=`]) {
    expect(() => sealer.open(text, place)).toThrow(UnsealError)
  }
})

test('a master key is 32 bytes in base64', () => {
  const text = Buffer.from(MASTER_KEY).toString('base64')
  expect(parseMasterKey(`${text}\n`)).toEqual(MASTER_KEY)
  expect(parseMasterKey(Buffer.from(MASTER_KEY).toString('base64url'))).toEqual(MASTER_KEY)
  for (const wrong of ['', 'short', text.slice(4), `${text}AAAA`, ' '.repeat(44), `${text.slice(0, 40)}!!!=`]) {
    expect(() => parseMasterKey(wrong)).toThrow('Cannot use the master key')
  }
  expect(() => createSealer(new Uint8Array(16), testWorld())).toThrow('has 16 bytes and must have 32')
})

test('a key ring does not open under another master key, and makes no new key instead', async () => {
  await using opened = await openRing()
  const { another, storage } = opened
  expect(await refusal(another(new Uint8Array(32).fill(9)))).toMatchObject({
    message: expect.stringContaining('the master key is not the one it was sealed with'),
  })
  expect(await Array.fromAsync(repository(storage, signingKeys).all())).toHaveLength(1)
})

test('no private member of a key is stored in the clear', async () => {
  await using opened = await openRing()
  const { ring, storage } = opened
  await ring.tick()
  await ring.sign({}, { algorithm: 'EdDSA', typ: 'JWT' })
  const rows = await Array.fromAsync(repository(storage, signingKeys).all())
  expect(rows).toHaveLength(3)
  for (const row of rows) {
    const opened = JSON.parse(sealer.open(row.sealedPrivate ?? '', { ...place, key: row.kid })) as { d: string }
    expect(JSON.stringify(row)).not.toContain(opened.d)
  }
})
