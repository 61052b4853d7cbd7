/**
 * How somebody proved who they are, in the words of tokens. `amr` lists the methods (RFC 8176): `pwd`, `otp` (authenticator
 * app, mail and recovery codes), `hwk` or `swk` (a passkey that stays on its device or is synchronised), `user` (the
 * authenticator checked the person), `mfa` (two factors). `acr` is the level: "1" for one factor, "2" for two.
 */

export const SINGLE_FACTOR = '1'
export const TWO_FACTORS = '2'

/** Levels from low to high, as `acr_values_supported` lists them. */
export const ACR_VALUES: readonly string[] = [SINGLE_FACTOR, TWO_FACTORS]

export function acrOf(amr: readonly string[]): string {
  return amr.includes('mfa') ? TWO_FACTORS : SINGLE_FACTOR
}

/** The methods of a login after its second factor. */
export function withSecondFactor(first: readonly string[], second: readonly string[]): readonly string[] {
  return [...new Set([...first, ...second, 'mfa'])]
}

/** Whether a level is one of those asked for, or higher than the lowest of them; anything is enough when none was asked for. */
export function satisfies(acr: string, asked: readonly string[]): boolean {
  const known = asked.filter((value) => ACR_VALUES.includes(value))
  if (known.length === 0) return asked.length === 0
  return ACR_VALUES.indexOf(acr) >= Math.min(...known.map((value) => ACR_VALUES.indexOf(value)))
}
