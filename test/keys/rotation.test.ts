import { expect, test } from 'bun:test'
import type { KeyRing } from '../../src/core/keys/key-ring.ts'
import { signingKeys } from '../../src/core/keys/records.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { DAY, HOUR, kidsOf, OPERATOR, openRing, refusal, SETTINGS, testWorld } from './ring.ts'

const states = (ring: KeyRing, algorithm = 'ES256') =>
  ring
    .list()
    .filter((key) => key.algorithm === algorithm)
    .map(({ state }) => state)
const kidOf = (ring: KeyRing, state: string, algorithm = 'ES256') =>
  ring.list().find((key) => key.state === state && key.algorithm === algorithm)?.kid ?? ''
const sign = (ring: KeyRing) => ring.sign({ sub: 'alice' }, { algorithm: 'ES256', typ: 'at+jwt' })

test('the first start has one active ES256 key; RS256 follows with the first round', async () => {
  await using opened = await openRing()
  const { ring, audit } = opened
  expect(ring.list().map(({ algorithm, state }) => [algorithm, state])).toEqual([['ES256', 'active']])
  await ring.tick()
  expect(ring.list().map(({ algorithm, state }) => [algorithm, state])).toEqual([
    ['ES256', 'active'],
    ['RS256', 'active'],
  ])
  expect(audit.names()).toEqual(['key.created', 'key.created'])
})

test('a key id is never taken for an option on a command line, whatever is drawn', async () => {
  const world = testWorld()
  const unlucky = (bytes: number) => world.random(bytes).fill(0xf8, 0, 1) // "-" in base64url
  await using opened = await openRing(SETTINGS, { ...world, random: unlucky })
  expect(kidOf(opened.ring, 'active')).toMatch(/^\w/)
})

test('a second start uses the stored keys and makes none', async () => {
  await using opened = await openRing()
  const { ring, another } = opened
  await ring.tick()
  const second = await another()
  expect(second.jwks()).toBe(ring.jwks())
  expect(await second.verify(await sign(ring), 'at+jwt')).toEqual({ sub: 'alice' })
})

test('an algorithm without a key gets one at its first use', async () => {
  await using opened = await openRing()
  const { ring } = opened
  const tokens = await Promise.all([1, 2, 3].map((n) => ring.sign({ n }, { algorithm: 'EdDSA', typ: 'JWT' })))
  expect(states(ring, 'EdDSA')).toEqual(['active'])
  expect(await Promise.all(tokens.map((token) => ring.verify(token, 'JWT')))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
})

test('a key is published ahead, takes over, keeps verifying and leaves', async () => {
  await using opened = await openRing()
  const { ring, world, audit } = opened
  await ring.tick()
  const first = kidOf(ring, 'active')
  const old = await sign(ring)

  world.pass(29 * DAY - 1)
  await ring.tick()
  expect(states(ring)).toEqual(['active'])
  world.pass(1)
  await ring.tick()
  expect(states(ring)).toEqual(['active', 'next'])
  const second = kidOf(ring, 'next')
  expect(kidsOf(ring.jwks())).toContain(second)
  expect((await sign(ring)).split('.')[0]).toBe(old.split('.')[0] ?? '')

  world.pass(DAY)
  expect(kidOf(ring, 'active')).toBe(second)
  expect(await ring.verify(old, 'at+jwt')).toEqual({ sub: 'alice' })
  await ring.tick()
  expect(ring.list().find(({ kid }) => kid === first)).toMatchObject({
    state: 'previous',
    retiresAt: world.now() + 2 * DAY,
  })

  world.pass(2 * DAY - 1)
  await ring.tick()
  expect(kidsOf(ring.jwks())).toContain(first)
  expect(await ring.verify(old, 'at+jwt')).toEqual({ sub: 'alice' })
  world.pass(1)
  expect(await ring.verify(old, 'at+jwt')).toBeUndefined()
  await ring.tick()
  expect(kidsOf(ring.jwks())).not.toContain(first)
  expect(audit.entries.filter(({ target }) => target === `key:${first}`).map(({ event }) => event)).toEqual([
    'key.created',
    'key.retired',
  ])
  expect(audit.names().filter((name) => name === 'key.activated')).toHaveLength(2)
})

test('after a long pause the next key is still published before it is used', async () => {
  await using opened = await openRing()
  const { ring, world } = opened
  world.pass(400 * DAY)
  await ring.tick()
  expect(states(ring)).toEqual(['active', 'next'])
  expect(ring.list().find(({ state }) => state === 'next')?.activeAt).toBe(world.now() + DAY)
})

test('many processes that find a rotation due make one key', async () => {
  await using opened = await openRing()
  const { ring, world, another, storage } = opened
  const rings = [ring, ...(await Promise.all([another(), another(), another(), another()]))]
  await Promise.all(rings.map((each) => each.tick()))
  world.pass(29 * DAY)
  await Promise.all(rings.map((each) => each.tick()))
  const stored = await Array.fromAsync(repository(storage, signingKeys).all())
  expect(stored.map(({ algorithm, generation }) => `${algorithm} ${generation}`).toSorted()).toEqual([
    'ES256 1',
    'ES256 2',
    'RS256 1',
    'RS256 2',
  ])
  expect(new Set(rings.map((each) => each.jwks())).size).toBe(1)
})

test('many processes that start on an empty store make one key', async () => {
  await using opened = await openRing()
  const { another, storage } = opened
  await Promise.all([another(), another(), another()])
  expect(await Array.fromAsync(repository(storage, signingKeys).all())).toHaveLength(1)
})

test('rotate() publishes a key and waits; a second call makes no second one', async () => {
  await using opened = await openRing()
  const { ring, world, audit } = opened
  const next = await ring.rotate('ES256', {}, OPERATOR)
  expect(next).toMatchObject({ state: 'next', activeAt: world.now() + DAY, retiresAt: null })
  expect(await ring.rotate('ES256', {}, OPERATOR)).toEqual(next)
  expect(audit.entries.at(-1)).toMatchObject({ event: 'key.created', target: `key:${next.kid}`, caller: OPERATOR })
})

test('rotate({ now }) uses the waiting key at once, else a new one', async () => {
  await using opened = await openRing()
  const { ring, audit } = opened
  const next = await ring.rotate('ES256', {}, OPERATOR)
  expect(await ring.rotate('ES256', { now: true }, OPERATOR)).toMatchObject({ kid: next.kid, state: 'active' })
  const third = await ring.rotate('ES256', { now: true }, OPERATOR)
  expect(third).toMatchObject({ state: 'active' })
  expect(states(ring)).toEqual(['previous', 'previous', 'active'])
  expect(audit.names()).toEqual(['key.created', 'key.created', 'key.activated', 'key.created', 'key.activated'])
  expect(await ring.rotate('EdDSA', {}, OPERATOR)).toMatchObject({ algorithm: 'EdDSA', state: 'active' })
})

test('retire() ends a key at once and puts another in its place', async () => {
  await using opened = await openRing()
  const { ring, another, audit } = opened
  const lost = kidOf(ring, 'active')
  const token = await sign(ring)
  await ring.retire(lost, OPERATOR)
  expect(await ring.verify(token, 'at+jwt')).toBeUndefined()
  expect(kidsOf(ring.jwks())).not.toContain(lost)
  expect(states(ring)).toEqual(['active'])
  expect(await (await another()).verify(token, 'at+jwt')).toBeUndefined()
  expect(audit.names()).toEqual(['key.created', 'key.retired', 'key.created'])
  expect(await refusal(ring.retire(lost, OPERATOR))).toMatchObject({ code: 'not_found' })
  expect(await refusal(ring.retire('../../etc', OPERATOR))).toMatchObject({ code: 'not_found' })
})

test('retire() of the key in use puts the waiting one in its place', async () => {
  await using opened = await openRing()
  const { ring } = opened
  const next = await ring.rotate('ES256', {}, OPERATOR)
  await ring.retire(kidOf(ring, 'active'), OPERATOR)
  expect(ring.list()).toMatchObject([{ kid: next.kid, state: 'active' }])
  expect(opened.audit.entries.at(-1)).toMatchObject({ event: 'key.activated', target: `key:${next.kid}` })
})

test('a retired kid stays as a tombstone without its private key', async () => {
  await using opened = await openRing()
  const { ring, storage } = opened
  const kid = kidOf(ring, 'active')
  await ring.retire(kid, OPERATOR)
  const row = await repository(storage, signingKeys).get({ kid })
  expect(row).toMatchObject({ kid, generation: 1, sealedPrivate: null })
  expect(row?.retiredAt).toBeNumber()
})

test('a key that another process made is found when its first token comes, and garbage does not ask again', async () => {
  await using opened = await openRing()
  const { ring, world, another, storage } = opened
  const other = await another()
  await other.rotate('ES256', { now: true }, OPERATOR)
  const token = await sign(other)
  let reads = 0
  const find = storage.find.bind(storage)
  storage.find = (...args) => {
    reads++
    return find(...args)
  }
  expect(await ring.verify(token, 'at+jwt')).toBeUndefined()
  expect(reads).toBe(0)
  world.pass(5_000)
  expect(await ring.verify(token, 'at+jwt')).toEqual({ sub: 'alice' })
  for (let count = 0; count < 50; count++) await ring.verify(`e30.e30.${count}`, 'at+jwt')
  expect(reads).toBe(1)
})

test('reload() sees what another process retired', async () => {
  await using opened = await openRing()
  const { ring, another } = opened
  const other = await another()
  const token = await sign(ring)
  await other.retire(kidOf(ring, 'active'), OPERATOR)
  await ring.reload()
  expect(await ring.verify(token, 'at+jwt')).toBeUndefined()
})

test('a clock that falls back leaves a key to sign with', async () => {
  await using opened = await openRing()
  const { ring, world } = opened
  world.pass(-HOUR)
  expect(await ring.verify(await sign(ring), 'at+jwt')).toEqual({ sub: 'alice' })
})

test('a change that others keep overtaking is refused in the end, and nothing is half done', async () => {
  await using opened = await openRing()
  const { ring, storage } = opened
  const before = ring.jwks()
  const commit = storage.commit.bind(storage)
  storage.commit = () => Promise.resolve({ ok: false, failed: 0 })
  expect(await refusal(ring.rotate('ES256', { now: true }, OPERATOR))).toMatchObject({ code: 'conflict' })
  expect(await refusal(ring.rotate('ES256', {}, OPERATOR))).toMatchObject({ code: 'conflict' })
  expect(await refusal(ring.retire(kidOf(ring, 'active'), OPERATOR))).toMatchObject({ code: 'conflict' })
  storage.commit = commit
  expect(ring.jwks()).toBe(before)
})

test('a key ring is closed when what it was doing is done', async () => {
  await using opened = await openRing()
  const other = await opened.another()
  const rotated = other.rotate('ES256', {}, OPERATOR)
  await other[Symbol.asyncDispose]()
  expect(Bun.peek.status(rotated)).toBe('fulfilled')
  expect(await rotated).toMatchObject({ state: 'next' })
})
