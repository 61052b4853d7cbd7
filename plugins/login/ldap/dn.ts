/** Distinguished names (RFC 4514): values put in escaped, names compared by what they mean. */

/** A value as it may stand in a DN. Every special character becomes its bytes in hexadecimal. */
export function escapeValue(value: string): string {
  return value.replace(/[\\,+"<>;=\0\r\n]|^[ #]|^\s|\s$/g, (character) =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
  )
}

interface Pair {
  readonly type: string
  readonly value: string
}
type Rdn = readonly Pair[]

/** One pair of a DN: its type, then characters that are neither escaped nor a separator, or escapes. */
const PAIR = /\s*([A-Za-z][A-Za-z0-9.-]*|\d+(?:\.\d+)*)\s*=\s*("(?:[^"\\]|\\.)*"|(?:[^\\,;+"]|\\.)*)\s*([,;+]|$)/y

/** `undefined` when this is no DN. */
export function parseDn(text: string): readonly Rdn[] | undefined {
  const rdns: Pair[][] = []
  let joined = false
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.length) {
    const found = PAIR.exec(text)
    if (!found) return undefined
    const [, type = '', raw = '', separator = ''] = found
    const pair = { type: type.toLowerCase(), value: unescape(raw) }
    if (joined) rdns.at(-1)?.push(pair)
    else rdns.push([pair])
    joined = separator === '+'
    if (separator === '') return rdns
  }
  return undefined
}

/** What a text means as a name: its parts, and of each what is equal for all spellings. */
interface Name {
  readonly rdns: readonly Rdn[]
  readonly keys: readonly string[]
}

/** The same few groups are named at every login, and understanding a name costs more than all else that is done with it. */
const understood = new Map<string, Name>()
const REMEMBERED = 1_000
/** Longer ones are understood anew each time, so that a directory cannot fill the memory with them. */
const REMEMBERED_LENGTH = 1_000

function nameOf(text: string): Name | undefined {
  const known = understood.get(text)
  if (known) return known
  const rdns = parseDn(text)
  if (!rdns) return undefined
  const name = { rdns, keys: rdns.map(rdnKey) }
  if (text.length > REMEMBERED_LENGTH) return name
  if (understood.size >= REMEMBERED) understood.clear()
  understood.set(text, name)
  return name
}

/** What is equal for two spellings of one name: case, spaces around and between words, and escapes make no difference. */
export function dnKey(text: string): string | undefined {
  return nameOf(text)?.keys.join(',')
}

/** Is the name at `base` or below it? An empty base is above everything. */
export function isWithin(dn: string, base: string): boolean {
  const [keys, above] = [nameOf(dn)?.keys, base === '' ? [] : nameOf(base)?.keys]
  if (!keys || !above || keys.length < above.length) return false
  const depth = keys.length - above.length
  return above.every((key, level) => keys[depth + level] === key)
}

/** The value of the first part: `staff` of `cn=staff,ou=groups,dc=corp`. */
export function firstValue(dn: string): string | undefined {
  return nameOf(dn)?.rdns[0]?.[0]?.value
}

function rdnKey(rdn: Rdn): string {
  const pairs = rdn.map(({ type, value }) => `${type}=${escapeValue(value.trim().replace(/\s+/g, ' ').toLowerCase())}`)
  return pairs.toSorted().join('+')
}

function unescape(raw: string): string {
  const inner = raw.startsWith('"') ? raw.slice(1, -1) : raw.replace(/(?<!\\)\s+$/, '')
  return inner.replace(/((?:\\[0-9a-fA-F]{2})+)|\\(.)/g, (_, bytes?: string, character?: string) => {
    return bytes === undefined ? (character ?? '') : Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString()
  })
}
