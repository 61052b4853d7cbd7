/**
 * Would this broker take this token, and what could be done with it? Walks every rule a broker applies and says for
 * each one in plain words, and for what is refused in the broker's own. Reads any text; a token of ours is not assumed.
 */
import { type Check, type DoctorInput, examine, type Finding } from './doctor-examined.ts'
import { SCOPE_CHECKS } from './doctor-scopes.ts'
import { TOKEN_CHECKS } from './doctor-token.ts'
import { atLeast } from './versions.ts'

export type { DoctorInput, Finding }

/** In the order of a broker: size, key, signature, audience, times, user, scopes, vhost, permissions. */
const CHECKS: readonly Check[] = [...TOKEN_CHECKS, ...SCOPE_CHECKS]

export async function diagnose(input: DoctorInput): Promise<readonly Finding[]> {
  const examined = await examine(input)
  if (!examined) {
    const text = 'It is not a signed JWT: three base64url parts, the first two of them JSON objects'
    const brokerSays = atLeast(input.broker.version, '4.3') ? '{error,{invalid_token,' : 'provided token is invalid'
    return [{ rule: 'form', ok: false, text, brokerSays }]
  }
  const form: Finding = { rule: 'form', ok: true, text: 'It is a signed JWT' }
  return [form, ...CHECKS.map((check) => check(examined)).filter((finding) => finding !== undefined)]
}
