/** The rules about the token as a whole: size, key, signature, audience, times, user name. */
import { maxTokenBytes } from './claims.ts'
import { type Check, claimsOf, type Finding, userOf } from './doctor-examined.ts'
import { atLeast } from './versions.ts'

/** Algorithms our broker configuration allows. */
const ALGORITHMS: readonly unknown[] = ['ES256', 'RS256', 'EdDSA', 'Ed25519']
const INTERNAL_ERROR = "User '' authentication failed with internal error. Enable debug logs to see the real error."
/** Clocks further apart than this make trouble. */
const SKEW = 60

function good(rule: string, text: string): Finding {
  return { rule, ok: true, text }
}
function bad(rule: string, text: string, brokerSays?: string): Finding {
  return { rule, ok: false, text, ...(brokerSays !== undefined && { brokerSays }) }
}

const size: Check = ({ input: { token, broker } }) => {
  const limit = maxTokenBytes(broker.version)
  const facts = `${token.length} bytes; RabbitMQ ${broker.version} takes about ${limit}`
  return token.length <= limit
    ? good('size', `It has ${facts}`)
    : bad('size', `It is too large: ${facts}. The client sees a reset connection`, `{frame_too_large,${token.length},`)
}

const algorithm: Check = ({ header: { alg } }) =>
  ALGORITHMS.includes(alg)
    ? good('algorithm', `It is signed with ${String(alg)}`)
    : bad(
        'algorithm',
        `Its algorithm is ${String(alg)}; the broker is configured for ES256, RS256, EdDSA`,
        'signature_invalid',
      )

const key: Check = ({ header: { kid }, key }) => {
  if (typeof kid !== 'string') return bad('key', 'Its header names no key (kid)', '{error,no_key}')
  return key
    ? good('key', `Its key "${kid}" is in the key set`)
    : bad(
        'key',
        `Its key "${kid}" is not in the key set: another issuer, or a key that was withdrawn`,
        '{error,key_not_found}',
      )
}

const signature: Check = ({ key, signatureOk }) => {
  if (!key) return undefined
  return signatureOk
    ? good('signature', 'Its signature is right')
    : bad('signature', 'Its signature does not fit the key', 'signature_invalid')
}

const audience: Check = ({ claims: { aud }, input: { broker } }) => {
  const { resourceServerId, version } = broker
  const modern = atLeast(version, '4.0')
  if (aud === undefined) {
    return bad(
      'audience',
      `It has no audience; the broker wants "${resourceServerId}"`,
      modern ? '{error,no_aud_found}' : INTERNAL_ERROR,
    )
  }
  const list = typeof aud === 'string' ? aud.split(' ') : Array.isArray(aud) ? aud.map(String) : []
  if (list.includes(resourceServerId)) return good('audience', `Its audience holds "${resourceServerId}"`)
  const shown = list.map((name) => `"${name}"`).join(', ') || 'unreadable'
  const says = modern
    ? '{error,no_matching_aud_found}'
    : `{invalid_aud,${list.length > 0 ? notFound(resourceServerId, list) : notAList(aud)}}`
  return bad('audience', `Its audience is ${shown}; the broker wants "${resourceServerId}"`, says)
}

function notFound(resourceServerId: string, audiences: readonly string[]): string {
  const erlang = audiences.map((name) => `<<"${name}">>`).join(',')
  return `{resource_id_not_found_in_aud,<<"${resourceServerId}">>,[${erlang}]}`
}

function notAList(aud: unknown): string {
  return `{badarg,{aud_is_not_a_list,${JSON.stringify(aud)}}}`
}

const expiry: Check = ({ claims: { exp }, input: { now, broker } }) => {
  const seconds = Math.floor(now / 1000)
  if (exp === undefined) {
    return atLeast(broker.version, '4.3')
      ? bad('expiry', 'It has no end of life (exp)', 'Provided JWT token has no exp claim')
      : bad('expiry', `It has no end of life (exp): RabbitMQ ${broker.version} takes it for ever`)
  }
  if (typeof exp !== 'number' || !Number.isInteger(exp)) {
    return bad('expiry', `Its end of life (exp) is not a whole number: RabbitMQ 3.10 would never check it`)
  }
  return exp > seconds
    ? good('expiry', `It is valid for ${exp - seconds} more seconds`)
    : bad(
        'expiry',
        `It expired ${seconds - exp} seconds ago`,
        `Provided JWT token has expired at timestamp ${exp} (validated at ${seconds})`,
      )
}

const clock: Check = ({ claims: { iat, nbf }, input: { now } }) => {
  const ahead = Math.max(...[iat, nbf].filter((time) => typeof time === 'number')) - now / 1000
  return ahead > SKEW
    ? bad(
        'clock',
        `It says it is from ${Math.round(ahead)} seconds ahead of now: a clock is wrong. Brokers do not check this`,
      )
    : good('clock', 'Its times fit the clock of this machine')
}

const user: Check = ({ claims: { sub, client_id: clientId }, user: name }) => {
  if (typeof sub !== 'string') return bad('user', `It has no "sub": the broker calls the user "${name}"`)
  if (typeof clientId === 'string' && clientId !== sub) {
    return bad(
      'user',
      `Its client_id "${clientId}" differs from sub "${sub}": RabbitMQ 3.10 takes the first as user name, later ones the second`,
    )
  }
  return good('user', `The broker shows it as user "${name}"`)
}

const refresh: Check = ({ input: { previous, broker }, user: name }) => {
  if (previous === undefined) return undefined
  const before = claimsOf(previous)
  const was = before && userOf(before, broker)
  if (was === name) return good('refresh', 'It can replace the token of an open connection')
  const text = `It cannot replace the token of an open connection: that is user "${was ?? 'unknown'}", this "${name}"`
  return atLeast(broker.version, '4.0')
    ? bad('refresh', text, 'NOT_ALLOWED - New secret was refused by one of the backends')
    : bad('refresh', `${text}. RabbitMQ ${broker.version} takes it nevertheless`)
}

const extraClaims: Check = ({ claims }) => {
  const found = ['authorization', 'authorization_details'].filter((claim) => claim in claims)
  return found.length === 0
    ? undefined
    : bad(
        'claims',
        `It has ${found.join(' and ')}: brokers read further permissions from it, without a vhost for every vhost`,
      )
}

const lifetime: Check = ({ input: { broker } }) =>
  good(
    'lifetime',
    atLeast(broker.version, '4.2.6')
      ? 'From 4.2.6 on the broker closes the connection when the token expires: refresh it before'
      : `RabbitMQ ${broker.version} keeps an open connection when the token expires, and refuses operations`,
  )

export const TOKEN_CHECKS: readonly Check[] = [
  size,
  algorithm,
  key,
  signature,
  audience,
  expiry,
  clock,
  user,
  refresh,
  extraClaims,
  lifetime,
]
