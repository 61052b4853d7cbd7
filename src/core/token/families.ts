/** Grants and everything made of them, ended together. */
import { remove, type Step } from '#plugin'
import { grants, opaqueTokens, refreshTokens } from './records.ts'

/** Ends a grant: its refresh tokens, its opaque tokens, and by its absence its JWTs. */
export function endGrant(id: string): readonly Step[] {
  return [
    remove(grants, { equals: { id } }),
    remove(refreshTokens, { by: ['grantId'], equals: { grantId: id } }),
    remove(opaqueTokens, { by: ['grantId'], equals: { grantId: id } }),
  ]
}
