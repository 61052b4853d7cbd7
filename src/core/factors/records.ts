import { Type as t } from '@sinclair/typebox'
import { defineCollection, defineCounter, nullable, type RowOf } from '#plugin'

const userId = t.String({ maxLength: 64 })
/** What the person calls it. */
const name = t.String()

/** An authenticator app (RFC 6238). */
export const totpFactors = defineCollection({
  name: 'totp_factor',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    userId,
    name,
    /** Under the master key: it has to be read again. */
    sealedSecret: t.String(),
    /** Whether the person has shown a code. It counts for nothing before. */
    confirmed: t.Boolean(),
    /** The last time step whose code was taken: no code counts twice. */
    lastStep: t.Integer(),
    createdAt: t.Integer(),
    lastUsedAt: nullable(t.Integer()),
    /** `null` once confirmed. */
    expiresAt: nullable(t.Integer()),
  }),
  key: ['id'],
  indexes: [['userId', 'createdAt'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type TotpFactor = RowOf<typeof totpFactors>

/** One-time codes by mail. Counts only while this is the user's address: it dies with a change of it. */
export const mailFactors = defineCollection({
  name: 'mail_factor',
  fields: t.Object({
    userId,
    emailKey: t.String({ maxLength: 190 }),
    createdAt: t.Integer(),
    lastUsedAt: nullable(t.Integer()),
  }),
  key: ['userId'],
})
export type MailFactor = RowOf<typeof mailFactors>

/** A code on its way by mail. */
export const mailCodes = defineCollection({
  name: 'mail_code',
  fields: t.Object({
    /** SHA-256 of the handle that whoever asked for it holds. */
    digest: t.String({ maxLength: 64 }),
    userId,
    /** The address it went to, as it compares. */
    emailKey: t.String({ maxLength: 190 }),
    /** SHA-256 over handle and code. */
    codeDigest: t.String(),
    /** `enrol` proves an address, `verify` a person; neither counts as the other. */
    purpose: t.Union([t.Literal('enrol'), t.Literal('verify')], { maxLength: 16 }),
    /** Guesses so far. */
    attempts: t.Integer(),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['userId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type MailCode = RowOf<typeof mailCodes>

/** How many codes were mailed to one user lately. */
export const mailsSent = defineCounter('mail_code_sent')

/** A recovery code; used means gone. They are random, so a plain digest is enough. */
export const recoveryCodes = defineCollection({
  name: 'recovery_code',
  fields: t.Object({
    /** SHA-256 over user id and code, base64url. */
    digest: t.String({ maxLength: 64 }),
    userId,
    createdAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['userId', 'createdAt']],
})

/** A WebAuthn credential. */
export const passkeys = defineCollection({
  name: 'passkey',
  fields: t.Object({
    /** SHA-256 of the credential id, base64url: the id itself may be longer than an index takes. */
    digest: t.String({ maxLength: 64 }),
    credentialId: t.String(),
    userId,
    name,
    /** COSE key, base64url. */
    publicKey: t.String(),
    counter: t.Integer(),
    transports: t.Array(t.String()),
    /** Synchronised between devices: software, in the words of RFC 8176. */
    synced: t.Boolean(),
    /** The relying party it was made for; it works for no other, whatever the issuer is called by now. */
    rpId: t.String(),
    createdAt: t.Integer(),
    lastUsedAt: nullable(t.Integer()),
  }),
  key: ['digest'],
  indexes: [['userId', 'createdAt']],
})
export type Passkey = RowOf<typeof passkeys>

/** A challenge that a passkey is to sign, once. */
export const passkeyChallenges = defineCollection({
  name: 'passkey_challenge',
  fields: t.Object({
    /** SHA-256 of the challenge, base64url. */
    digest: t.String({ maxLength: 64 }),
    purpose: t.Union([t.Literal('create'), t.Literal('second'), t.Literal('first')], { maxLength: 16 }),
    /** `null` when the passkey is to say who it is. */
    userId: nullable(userId),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})

/** Users who have to have a second factor, whatever group or client. */
export const factorDemands = defineCollection({
  name: 'factor_demand',
  fields: t.Object({ userId, createdAt: t.Integer() }),
  key: ['userId'],
})

/** A password was right at the token endpoint, the second factor is still to come. */
export const mfaTokens = defineCollection({
  name: 'mfa_token',
  fields: t.Object({
    /** SHA-256 of the token, base64url. */
    digest: t.String({ maxLength: 64 }),
    userId,
    /** `null` for first-party use without a client. */
    clientId: nullable(t.String({ maxLength: 190 })),
    /** What the token request asked for, given back when it is completed. */
    requested: t.Record(t.String(), t.Unknown()),
    /** Of the first factor. */
    amr: t.Array(t.String()),
    authTime: t.Integer(),
    /** `passwordChangedAt` of the user as it was: a change ends the token. */
    passwordChangedAt: nullable(t.Integer()),
    /** Guesses so far. */
    attempts: t.Integer(),
    /** Of an enrolment that this token began: the authenticator, and digests of the recovery codes shown with it. */
    enrolling: nullable(t.String({ maxLength: 64 })),
    recoveryDigests: t.Array(t.String()),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['userId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type MfaToken = RowOf<typeof mfaTokens>
