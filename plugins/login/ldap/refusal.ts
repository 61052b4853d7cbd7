/** Why a directory refuses somebody: the same for the person, told apart for the operator. */
import type { PasswordPolicyControl, ResultCodeError } from 'ldapts'
import type { Verdict, Why } from '#plugin'
import type { Found } from './found.ts'
import { oneLine } from './trouble.ts'

export type Refusal = Extract<Verdict, { readonly ok: false }>

export function refused(why: Why, detail?: string): Refusal {
  return { ok: false, why, ...(detail !== undefined && { detail }) }
}

/** `data 775` in the message of Active Directory: Windows error codes in hexadecimal. */
const WINDOWS: Readonly<Record<string, readonly [Why, string]>> = {
  '530': ['not-allowed', 'not at this hour'],
  '531': ['not-allowed', 'not from this machine'],
  '532': ['expired', 'the password has expired'],
  '533': ['disabled', 'the account is disabled'],
  '568': ['not-allowed', 'too many groups for a token'],
  '701': ['expired', 'the account has expired'],
  '773': ['expired', 'the password must be changed first'],
  '775': ['locked', 'locked after wrong passwords'],
}
/** Errors of the password policy control (draft-behera-ldap-password-policy-11 section 6.2). */
const POLICY: Readonly<Record<number, readonly [Why, string]>> = {
  0: ['expired', 'the password has expired'],
  1: ['locked', 'locked'],
  2: ['expired', 'the password must be changed first'],
}
/**
 * Codes that say no to this person: invalid credentials, inappropriate authentication, no such object, invalid DN,
 * constraint violation (389 Directory Server: too many wrong passwords), unwilling (the same: account inactivated),
 * insufficient rights.
 */
const PERSONAL: Readonly<Record<number, Why>> = {
  49: 'credentials',
  48: 'credentials',
  32: 'credentials',
  34: 'credentials',
  19: 'locked',
  53: 'disabled',
  50: 'not-allowed',
}

/** Why a bind as this person failed; `undefined` when the answer says nothing about the person. */
export function refusalOf(error: ResultCodeError, policy: PasswordPolicyControl): Refusal | undefined {
  const windows = WINDOWS[/\bdata ([0-9a-f]{3,4})\b/.exec(error.message)?.[1] ?? '']
  const known = windows ?? policyRefusal(policy)
  if (known) return refused(...known)
  const why = PERSONAL[error.code]
  return why && refused(why, `result code ${error.code}: ${oneLine(error.message)}`)
}

/** What the policy holds against somebody whose password is right. */
export function policyRefusal({ value }: PasswordPolicyControl): readonly [Why, string] | undefined {
  return value?.error === undefined ? undefined : POLICY[value.error]
}

export const STATE_ATTRIBUTES = ['userAccountControl', 'accountExpires', 'nsAccountLock', 'pwdAccountLockedTime']

const ACCOUNT_DISABLE = 0x2
/** `pwdAccountLockedTime` of an account that only an administrator unlocks. */
const FOR_GOOD = '000001010000Z'
/** Windows counts units of 100 nanoseconds since 1601; zero and the largest number mean never. */
const WINDOWS_EPOCH = 11_644_473_600_000
const NEVER = 0x7fffffffffffffffn

/** Whether the entry itself says that nobody may log in with it. */
export function stateRefusal(person: Found, now: number): Refusal | undefined {
  const flags = Number(person.one('userAccountControl') ?? 0)
  if ((flags & ACCOUNT_DISABLE) !== 0 || person.one('nsAccountLock')?.toLowerCase() === 'true') {
    return refused('disabled', 'the account is disabled')
  }
  if (person.one('pwdAccountLockedTime') === FOR_GOOD) return refused('disabled', 'the account is locked for good')
  const expires = person.one('accountExpires') ?? '0'
  const ticks = /^\d{1,19}$/.test(expires) ? BigInt(expires) : 0n
  if (ticks === 0n || ticks === NEVER || Number(ticks / 10_000n) - WINDOWS_EPOCH > now) return undefined
  return refused('disabled', 'the account has expired')
}
