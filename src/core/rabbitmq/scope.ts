/**
 * Scopes as RabbitMQ reads them: `<resource_server_id>.<configure|write|read>:<vhost>/<name>/<routing key>` and
 * `<resource_server_id>.tag:<tag>`. Always three segments: a scope of two is refused on topic exchanges by every broker.
 */
import type { Permission } from './rules.ts'

const PLAIN = /^[A-Za-z0-9_.~-]$/
const MAX_NAME_BYTES = 255
const bytes = new TextEncoder()

/**
 * Makes any text literal in a scope. More than URLs need is escaped: brokers from 4.1 on expand `{…}`, `*` is their
 * wildcard, `/` separates and `+` would be read as a space.
 */
export function encodeName(text: string): string {
  let encoded = ''
  for (const byte of bytes.encode(text)) {
    const character = String.fromCharCode(byte)
    encoded += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/**
 * A rule's pattern as the last two segments of a scope. `*` stays a wildcard; `%2F` and the like stand for the
 * character they name, so that a queue called `a/b` can be said; everything else is taken literally.
 */
export function encodePattern(pattern: string): string {
  const [name = '', routingKey = '*'] = pattern.split('/')
  return `${encodeSegment(name)}/${encodeSegment(routingKey)}`
}

function encodeSegment(segment: string): string {
  return segment
    .split('*')
    .map((literal) => encodeName(decodeURIComponent(literal)))
    .join('*')
}

/** What is wrong with a rule's pattern, or `undefined`. */
export function patternFault(pattern: string): string | undefined {
  const segments = pattern.split('/')
  if (segments.length > 2) return 'Use one "/" at most, between name and routing key; write a "/" inside a name as %2F'
  if (segments[0] === '') return 'Begin with the name of a queue or exchange; the default exchange is amq.default'
  for (const literal of segments.flatMap((segment) => segment.split('*'))) {
    let text: string
    try {
      text = decodeURIComponent(literal)
    } catch {
      return 'Write a "%" inside a name as %25'
    }
    const fault = textFault(text)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** What is wrong with a vhost name, or `undefined`. Brokers take any text that fits an AMQP short string. */
export function vhostFault(vhost: string): string | undefined {
  return vhost === '' ? 'Name a vhost' : textFault(vhost)
}

function textFault(text: string): string | undefined {
  if (!text.isWellFormed()) return 'Use well-formed Unicode'
  if (/\p{Cc}/u.test(text)) return 'Leave out control characters'
  if (bytes.encode(text).length > MAX_NAME_BYTES) return `Use at most ${MAX_NAME_BYTES} bytes`
  return undefined
}

export interface ScopeParts {
  readonly resourceServerId: string
  readonly vhost: string
}

/** The scope for one pattern of a rule in one concrete vhost. */
export function permissionScope(parts: ScopeParts, permission: Permission, pattern: string): string {
  return `${parts.resourceServerId}.${permission}:${encodeName(parts.vhost)}/${encodePattern(pattern)}`
}

export function tagScope(resourceServerId: string, tag: string): string {
  return `${resourceServerId}.tag:${tag}`
}
