import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Problem } from '../../src/core/problem.ts'
import { signingKeys } from '../../src/core/keys/records.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { OPERATOR, refusal } from '../keys/ring.ts'
import { CALLER, login, openDesk } from '../session/desk.ts'

test('row 16 (CVE-2026-101023): an access token is no identity token, nor the other way round', async () => {
  await using desk = await openDesk()
  const { sessions, ring, world } = desk
  const { id_token } = await login(desk)
  const { access_token } = await sessions.exchange(id_token, CALLER)
  const uses = ['exchange', 'describe', 'authenticate', 'logout'] as const
  for (const use of uses) {
    expect(await refusal(sessions[use](access_token, CALLER))).toMatchObject({ code: 'invalid_token' })
    expect(desk.lastRefusal()).toMatchObject({ why: 'not-ours' })
  }
  expect(await ring.verify(id_token, 'at+jwt')).toBeUndefined()
  const claims = { iss: 'https://leveret.example', sub: desk.alice.id, jti: 'x', exp: world.now() }
  const others = [
    await ring.sign({ ...claims, aud: claims.iss }, { algorithm: 'ES256', typ: 'JWT' }),
    await ring.sign({ ...claims, aud: 'some-client' }, { algorithm: 'ES256', typ: 'identity+jwt' }),
    await ring.sign({ ...claims, aud: [claims.iss] }, { algorithm: 'ES256', typ: 'identity+jwt' }),
    await ring.sign({ ...claims, iss: 'https://evil.example' }, { algorithm: 'ES256', typ: 'identity+jwt' }),
    await ring.sign({ iss: claims.iss, aud: claims.iss }, { algorithm: 'ES256', typ: 'identity+jwt' }),
  ]
  for (const token of others) {
    expect(await refusal(sessions.exchange(token, CALLER))).toMatchObject({ code: 'invalid_token' })
    expect(desk.lastRefusal()).toMatchObject({ why: 'not-ours' })
  }
})

test('row 16: a token that names the record of somebody else is refused', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  const { id } = await desk.sessions.describe(id_token, CALLER)
  const iss = 'https://leveret.example'
  const claims = { iss, aud: iss, sub: 'somebody-else', jti: id, exp: Math.floor(desk.world.now() / 1000) + 60 }
  const forged = await desk.ring.sign(claims, { algorithm: 'ES256', typ: 'identity+jwt' })
  expect(await refusal(desk.sessions.exchange(forged, CALLER))).toMatchObject({ code: 'invalid_token' })
  expect(desk.lastRefusal()).toMatchObject({ why: 'revoked' })
})

test('row 17 (CVE-2026-43983): who loses the group loses the next token', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  await desk.groups.removeMember('billing', 'alice', OPERATOR)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ code: 'no_rule' })
})

test('row 40: garbage is refused with a Problem, never with a failure', async () => {
  await using opened = await openDesk()
  const { sessions } = opened
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (token) => {
      const refusal = await sessions.exchange(token, CALLER).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(Problem)
    }),
  )
})

test('row 50: no answer and no audit event holds a token or a key', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  const { access_token } = await desk.sessions.exchange(id_token, CALLER)
  await desk.sessions.logout(id_token, CALLER)
  await desk.sessions.exchange(id_token, CALLER).catch(() => undefined)
  const written = JSON.stringify(desk.audit.entries)
  for (const token of [id_token, access_token]) expect(written).not.toContain(token.split('.')[2] ?? '')
  for await (const { sealedPrivate } of repository(desk.storage, signingKeys).all()) {
    expect(written + id_token + access_token).not.toContain(sealedPrivate ?? '')
  }
})
