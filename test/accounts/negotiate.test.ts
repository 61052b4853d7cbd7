import { describe, expect, test } from 'bun:test'
import type { LoginSource, Verdict } from '#plugin'
import { openAccounts, OPERATOR, PASSWORD, refusal, STRANGER } from '../harness/core-accounts.ts'
import { SETTINGS } from '../harness/settings.ts'

const ALICE = { externalId: 'alice@TEST.LOCAL', username: 'alice', groups: ['staff'], amr: ['kerberos'] }
const ticket = (text: string) => new TextEncoder().encode(text)

/** Takes a ticket for what is written on it, as a source with a keytab takes one for what is sealed in it. */
function ticketOffice(known: Readonly<Record<string, Verdict>>) {
  const asked: string[] = []
  const source: LoginSource = {
    negotiate: {
      async step(token) {
        const name = new TextDecoder().decode(token)
        asked.push(name)
        return { verdict: known[name] ?? { ok: false, why: 'credentials' }, reply: ticket(`to ${name}`) }
      },
    },
    async [Symbol.asyncDispose]() {},
  }
  return { source, asked }
}

async function openWith(known: Readonly<Record<string, Verdict>> = { alice: { ok: true, identity: ALICE } }) {
  const office = ticketOffice(known)
  const settings = { throttle: { ...SETTINGS.throttle, networkAttempts: 3 } }
  const accounts = await openAccounts({ settings, sources: [{ id: 'corp', source: office.source, provision: true }] })
  const present = (text: string) => accounts.login.withNegotiate(ticket(text), STRANGER)
  return Object.assign(accounts, { office, present })
}

describe('a ticket', () => {
  test('makes the user at its first login, takes the groups over and says how', async () => {
    await using accounts = await openWith()
    const { authentication, reply } = await accounts.present('alice')
    expect(authentication).toMatchObject({ user: { source: 'corp', username: 'alice' }, amr: ['kerberos'] })
    expect(Buffer.from(reply ?? []).toString()).toBe('to alice')
    expect((await accounts.groups.members('staff', { limit: 9 })).rows).toMatchObject([{ username: 'alice' }])
    const events = await accounts.events({ event: 'login' })
    expect(events).toMatchObject([{ outcome: 'ok', target: 'user:alice', detail: { source: 'corp' } }])
    const again = await accounts.present('alice')
    expect(again.authentication.user.id).toBe(authentication.user.id)
  })

  test('that no source can read is refused with one answer, its reason in the audit log', async () => {
    const locked: Verdict = { ok: false, why: 'locked', detail: 'revoked' }
    await using accounts = await openWith({ locked })
    const answers = [await refusal(accounts.present('locked')), await refusal(accounts.present('forged'))]
    expect(answers.map(({ code, detail }) => `${code}: ${detail}`)).toEqual(
      Array(2).fill('invalid_credentials: The ticket is not accepted; log in with a password'),
    )
    const events = await accounts.events({ event: 'login' })
    expect(events.map(({ detail }) => detail)).toMatchObject([{ reason: 'locked' }, { reason: 'credentials' }])
  })

  test('of a user who is disabled here opens nothing', async () => {
    await using accounts = await openWith()
    const { user } = (await accounts.present('alice')).authentication
    await accounts.users.update(user.id, { disabled: true }, OPERATOR)
    expect((await refusal(accounts.present('alice'))).code).toBe('invalid_credentials')
  })

  test('is no way into the account of somebody else of the same name', async () => {
    await using accounts = await openWith()
    await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    expect((await refusal(accounts.present('alice'))).code).toBe('invalid_credentials')
  })

  test.each(['NTLMSSP\0', '`\x82NTLMSSP\0', '', 'x'.repeat(65_537)])(
    'that is none reaches no source and counts against nobody: %p',
    async (text) => {
      await using accounts = await openWith()
      for (let count = 0; count < 5; count++)
        expect((await refusal(accounts.present(text))).code).toBe('invalid_credentials')
      expect(accounts.office.asked).toEqual([])
    },
  )
})

describe('several sources', () => {
  test('each get to see the ticket until one can read it, also past one that is down', async () => {
    const down = ticketOffice({ alice: { ok: false, why: 'unavailable', detail: 'no sidecar' } })
    const other = ticketOffice({})
    const right = ticketOffice({ alice: { ok: true, identity: ALICE } })
    const sources = Object.entries({ down, other, right }).map(([id, { source }]) => ({ id, source, provision: true }))
    await using accounts = await openAccounts({ sources })
    const { authentication } = await accounts.login.withNegotiate(ticket('alice'), STRANGER)
    expect(authentication.user.source).toBe('right')
    accounts.sourceList.pop()
    const refused = await refusal(accounts.login.withNegotiate(ticket('alice'), STRANGER))
    expect([refused.code, refused.retryAfter]).toEqual(['unavailable', 2])
  })

  test('whose directory keeps passwords waiting still take tickets', async () => {
    const { source } = ticketOffice({ alice: { ok: true, identity: ALICE } })
    const clock = { advance: (_milliseconds: number) => {} }
    const slow: LoginSource = {
      ...source,
      password: {
        async verify() {
          clock.advance(9_000)
          return { ok: false, why: 'unavailable' }
        },
      },
    }
    await using accounts = await openAccounts({ sources: [{ id: 'corp', source: slow, provision: true }] })
    clock.advance = (milliseconds) => {
      accounts.clock.now += milliseconds
    }
    for (let count = 0; count < 6; count++)
      expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('unavailable')
    expect(accounts.lines.some(({ message }) => message.includes('given a rest'))).toBe(true)
    const { authentication } = await accounts.login.withNegotiate(ticket('alice'), STRANGER)
    expect(authentication.user.username).toBe('alice')
  })

  test('without any that takes tickets, none is offered', async () => {
    await using accounts = await openAccounts()
    expect(accounts.login.negotiates()).toBe(false)
    expect((await refusal(accounts.login.withNegotiate(ticket('alice'), STRANGER))).code).toBe('invalid_credentials')
  })
})

describe('a network that sends bad tickets', () => {
  test('waits, and may still log in with passwords', async () => {
    await using accounts = await openWith()
    await accounts.users.create({ username: 'bob', password: PASSWORD }, OPERATOR)
    for (let count = 0; count < 3; count++)
      expect((await refusal(accounts.present('forged'))).code).toBe('invalid_credentials')
    const refused = await refusal(accounts.present('alice'))
    expect([refused.code, refused.retryAfter]).toEqual(['too_many_attempts', 600])
    expect((await accounts.logIn('bob', PASSWORD)).user.username).toBe('bob')
    accounts.clock.now += 600_000
    expect((await accounts.present('alice')).authentication.user.username).toBe('alice')
  })

  test('is not charged for tickets that are good, nor while the source is down', async () => {
    await using accounts = await openWith({
      alice: { ok: true, identity: ALICE },
      down: { ok: false, why: 'unavailable' },
    })
    for (let count = 0; count < 5; count++) {
      expect((await refusal(accounts.present('down'))).code).toBe('unavailable')
      expect((await accounts.present('alice')).authentication.user.username).toBe('alice')
    }
  })
})
