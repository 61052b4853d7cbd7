import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'
import { Authorization } from '../token/records.ts'

/** A device that waits for a person to allow it elsewhere (RFC 8628). */
export const deviceCodes = defineCollection({
  name: 'device_code',
  fields: t.Object({
    /** SHA-256 of the device code, base64url. */
    digest: t.String({ maxLength: 64 }),
    /** The same of the code that the person types. */
    userDigest: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    /** Who allowed it, once somebody did. */
    userId: nullable(t.String({ maxLength: 64 })),
    state: t.Union([t.Literal('pending'), t.Literal('allowed'), t.Literal('denied')], { maxLength: 16 }),
    /** What is asked for; who allowed it is part of it once somebody did. */
    authorization: Authorization,
    /** Address of the device, for the person to recognise it. */
    ip: nullable(t.String()),
    /** Seconds that the device has to wait between two questions; grows when it does not. */
    interval: t.Integer(),
    nextPollAt: t.Integer(),
    createdAt: t.Integer(),
    /** When it can no longer be allowed or redeemed. */
    validUntil: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  unique: [['userDigest']],
  indexes: [['userId', 'clientId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type DeviceCode = RowOf<typeof deviceCodes>
