/** Codes by mail and codes on paper: single use, few guesses, and nothing readable in the store. */
import { expect, test } from 'bun:test'
import { mailCodes, recoveryCodes } from '../../src/core/factors/records.ts'
import { outgoingMails } from '../../src/core/mail/records.ts'
import { refusal } from '../harness/core-accounts.ts'
import { CALLER, openFactors, wrong } from '../harness/core-factors.ts'

async function withMail() {
  const at = await openFactors()
  const { handle } = await at.factors.enrolMail(at.alice, CALLER)
  if (!(await at.factors.confirmMail(at.alice, handle, await at.mailedCode(), CALLER)))
    throw new Error('Expected the mailed code to be right')
  const tried = async (handle: string, code: string) =>
    (await at.factors.verify(await at.reread(), { method: 'email', handle, code }, CALLER)).ok
  return { ...at, tried }
}

async function withRecovery() {
  const at = await openFactors()
  await at.withApp()
  const codes = await at.factors.newRecoveryCodes(at.alice, CALLER)
  const tried = async (code: string) =>
    (await at.factors.verify(at.alice, { method: 'recovery_code', code }, CALLER)).ok
  return { ...at, codes, tried }
}

test('a mailed code proves its reader once; the mail says to whom it went only in part', async () => {
  await using at = await withMail()
  const { handle, to } = await at.factors.challengeMail(at.alice, CALLER)
  expect(to).toBe('a***@corp.example')
  const code = await at.mailedCode()
  expect(at.mailbox.at(-1)).toMatchObject({ to: 'alice@corp.example' })
  expect(await at.tried(handle, wrong(code))).toBe(false)
  expect(await at.tried(`${handle}x`, code)).toBe(false)
  expect(await at.tried(handle, code)).toBe(true)
  expect(await at.tried(handle, code)).toBe(false)
})

test('a mailed code dies after five guesses, after ten minutes, and with the address', async () => {
  await using at = await withMail()
  const first = await at.factors.challengeMail(at.alice, CALLER)
  const code = await at.mailedCode()
  for (let guess = 0; guess < 5; guess += 1) {
    expect(await at.tried(first.handle, wrong(code))).toBe(false)
    at.clock.now += 1_000
  }
  expect(await at.tried(first.handle, code)).toBe(false)

  at.clock.now += 60_000
  const second = await at.factors.challengeMail(at.alice, CALLER)
  at.clock.now += 10 * 60_000
  expect(await at.tried(second.handle, await at.mailedCode())).toBe(false)

  at.clock.now += 60_000
  const third = await at.factors.challengeMail(at.alice, CALLER)
  const late = await at.mailedCode()
  await at.users.update(at.alice.id, { email: 'alice@elsewhere.example' }, CALLER)
  expect(await at.tried(third.handle, late)).toBe(false)
  expect(await at.factors.next(await at.reread(), { groups: async () => [] })).toEqual({ step: 'enrol', methods: [] })
})

test('a code that proves an address proves no person, and the other way round', async () => {
  await using at = await withMail()
  const enrol = await at.factors.enrolMail(at.alice, CALLER)
  expect(await at.tried(enrol.handle, await at.mailedCode())).toBe(false)
  const verify = await at.factors.challengeMail(at.alice, CALLER)
  expect(await at.factors.confirmMail(at.alice, verify.handle, await at.mailedCode(), CALLER)).toBe(false)
})

test('nobody’s mailbox is flooded', async () => {
  await using at = await withMail()
  for (let sent = 1; sent < 5; sent += 1) await at.factors.challengeMail(at.alice, CALLER)
  expect(await refusal(at.factors.challengeMail(at.alice, CALLER))).toMatchObject({ code: 'too_many_attempts' })
  await at.outbox.settle()
  expect(at.mailbox).toHaveLength(5)
})

test('without a mail server, without an address and without enrolment there are no codes by mail', async () => {
  await using none = await openFactors({ mail: false })
  expect(await refusal(none.factors.enrolMail(none.alice, CALLER))).toMatchObject({ code: 'conflict' })
  await using at = await openFactors()
  const bob = await at.users.create({ username: 'bob', password: 'correct horse battery' }, CALLER)
  expect(await refusal(at.factors.enrolMail(bob, CALLER))).toMatchObject({ code: 'conflict' })
  expect(await refusal(at.factors.challengeMail(at.alice, CALLER))).toMatchObject({ code: 'conflict' })
})

test('the mail is in the language of the user', async () => {
  await using at = await withMail()
  await at.users.update(at.alice.id, { claims: { locale: 'de-AT' } }, CALLER)
  await at.factors.challengeMail(await at.reread(), CALLER)
  await at.outbox.settle()
  expect(at.mailbox.at(-1)?.subject).toStartWith('Ihr Code: ')
})

test('neither codes nor mails are readable in the store', async () => {
  await using at = await withMail()
  at.post.down = true
  await at.factors.challengeMail(at.alice, CALLER)
  await at.outbox.settle()
  const kept = [await at.storage.find(mailCodes, { limit: 10 }), await at.storage.find(outgoingMails, { limit: 10 })]
  expect(kept.map(({ rows }) => rows.length)).toEqual([1, 1])
  at.post.down = false
  at.clock.now += 60_000
  await at.outbox.flush()
  expect(JSON.stringify(kept)).not.toContain(await at.mailedCode())
  expect(JSON.stringify(kept[1])).not.toContain('alice@')
})

test('a mail waits for the mail server, longer each time, and is sent once', async () => {
  await using at = await withMail()
  at.post.down = true
  await at.factors.challengeMail(at.alice, CALLER)
  await at.outbox.settle()
  await at.outbox.flush()
  expect(at.mailbox).toHaveLength(1)
  at.post.down = false
  await at.outbox.flush()
  expect(at.mailbox).toHaveLength(1)
  at.clock.now += 15_000
  await Promise.all([at.outbox.flush(), at.outbox.flush()])
  expect(at.mailbox).toHaveLength(2)
  expect((await at.storage.find(outgoingMails, { limit: 10 })).rows).toEqual([])
})

test('while the mail server is away a round tries one mail and leaves the others', async () => {
  await using at = await withMail()
  at.post.down = true
  for (let sent = 0; sent < 3; sent += 1) await at.factors.challengeMail(at.alice, CALLER)
  await at.outbox.settle()
  at.clock.now += 15_000
  const attempts = async () =>
    (await at.storage.find(outgoingMails, { limit: 10 })).rows.reduce((sum, row) => sum + Number(row['attempts']), 0)
  expect(await attempts()).toBe(3)
  await at.outbox.flush()
  expect(await attempts()).toBe(4)
})

test('a mail whose code is dead is not sent', async () => {
  await using at = await withMail()
  at.post.down = true
  await at.factors.challengeMail(at.alice, CALLER)
  await at.outbox.settle()
  at.post.down = false
  at.clock.now += 11 * 60_000
  await at.outbox.flush()
  expect(at.mailbox).toHaveLength(1)
})

test('each recovery code works once, however it is typed, and new ones end the old ones', async () => {
  await using at = await withRecovery()
  const [first = '', second = '', third = ''] = at.codes
  expect(at.codes).toHaveLength(10)
  expect(new Set(at.codes).size).toBe(10)
  expect(await at.tried(first.toUpperCase().replaceAll('-', ' '))).toBe(true)
  expect(await at.tried(first)).toBe(false)
  const both = await Promise.all([at.tried(second), at.tried(second)])
  expect(both.filter(Boolean)).toHaveLength(1)
  expect(await at.factors.list(at.alice)).toContainEqual(expect.objectContaining({ method: 'recovery_code', left: 8 }))
  await at.factors.newRecoveryCodes(at.alice, CALLER)
  expect(await at.tried(third)).toBe(false)
})

test('recovery codes are kept as digests, belong to one user, and are no factor by themselves', async () => {
  await using at = await withRecovery()
  const bob = await at.users.create({ username: 'bob', password: 'correct horse battery' }, CALLER)
  const [code = ''] = at.codes
  expect((await at.factors.verify(bob, { method: 'recovery_code', code }, CALLER)).ok).toBe(false)
  const { rows } = await at.storage.find(recoveryCodes, { limit: 100 })
  for (const each of at.codes) expect(JSON.stringify(rows)).not.toContain(each.replaceAll('-', ''))
  const app = (await at.factors.list(at.alice)).find(({ method }) => method === 'otp')
  await at.factors.remove(at.alice, app?.id ?? '', CALLER)
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'none', methods: [] })
  expect(await at.tried(code)).toBe(false)
})
