/**
 * The second factor of the password grant, in the shape that Auth0 gave it: what authenticators there are, a challenge for
 * one of them, the first enrolment. All are opened by the `mfa_token`; the token endpoint's grants complete it.
 */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import type { EnrolledFactor } from '../../core/factors/factors.ts'
import type { Association } from '../../core/factors/mfa-tokens.ts'
import { OAuthError } from '../../core/oauth/oauth-error.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

/** How authenticators are called on the wire. A passkey needs a browser and is not among them. */
const TYPES = {
  otp: { authenticator_type: 'otp' },
  email: { authenticator_type: 'oob', oob_channel: 'email' },
  recovery_code: { authenticator_type: 'recovery-code' },
} as const

const ChallengeBody = t.Object({
  mfa_token: t.String({ maxLength: 512 }),
  challenge_type: t.Optional(t.String({ maxLength: 64, description: '`otp`, `oob`, or both with a blank between' })),
  authenticator_id: t.Optional(t.String({ maxLength: 190 })),
})
const AssociateBody = t.Object({
  authenticator_types: t.Array(t.Union([t.Literal('otp'), t.Literal('oob')]), { minItems: 1, maxItems: 2 }),
  oob_channels: t.Optional(t.Array(t.String({ maxLength: 32 }), { maxItems: 4 })),
})
const shared = { access: 'public', errors: 'oauth', crossSite: true, cors: true } as const

export function mfaRoutes({ mfaTokens }: Pick<Core, 'mfaTokens'>): readonly Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'GET',
      path: '/mfa/authenticators',
      summary: 'Authenticators of whoever the mfa_token is about',
      answer: t.Array(t.Object({ id: t.String(), authenticator_type: t.String(), active: t.Boolean() })),
      handle: async ({ bearer }) => (await mfaTokens.authenticators(tokenIn(bearer))).flatMap(described),
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: '/mfa/challenge',
      summary: 'Have a code sent, or hear that the authenticator app has it',
      body: ChallengeBody,
      answer: t.Object({ challenge_type: t.String(), oob_code: t.Optional(t.String()) }),
      async handle({ body, caller }) {
        const { mfa_token: token, challenge_type: accepted = 'otp oob', authenticator_id: id } = body
        const wanted = { accepted: accepted.split(' '), id: id?.slice(id.indexOf('|') + 1) }
        const challenge = await mfaTokens.challenge(token, wanted, caller)
        if (challenge.type === 'otp') return { challenge_type: 'otp' }
        return { challenge_type: 'oob', ...outOfBand(challenge.handle) }
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: '/mfa/associate',
      summary: 'Enrol the first authenticator; it counts once a grant has shown its code',
      body: AssociateBody,
      answer: t.Object({ authenticator_type: t.String(), recovery_codes: t.Array(t.String()) }),
      async handle({ bearer, body, caller }) {
        const { authenticator_types: types, oob_channels: channels = ['email'] } = body
        const type = types.includes('otp') ? 'otp' : 'oob'
        if (type === 'oob' && !channels.includes('email'))
          throw new OAuthError('invalid_request', 'The only channel for codes is email')
        return associated(await mfaTokens.associate(tokenIn(bearer), type, caller))
      },
    }),
  ]
}

function tokenIn(bearer: string | undefined): string {
  if (bearer === undefined) throw new OAuthError('invalid_token', 'Send the mfa_token: Authorization: Bearer ...')
  return bearer
}

function described({ id, method, name }: EnrolledFactor) {
  if (method === 'passkey') return []
  const type = TYPES[method]
  return [{ id: `${method.replace('_', '-')}|${id}`, ...type, active: true, ...(name !== '' && { name }) }]
}

function outOfBand(handle: string) {
  return { oob_code: handle, binding_method: 'prompt' }
}

function associated(association: Association) {
  const { recoveryCodes: recovery_codes } = association
  if (association.type === 'oob') return { ...TYPES.email, ...outOfBand(association.handle), recovery_codes }
  return { ...TYPES.otp, secret: association.secret, barcode_uri: association.uri, recovery_codes }
}
