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

/** What is equal for two spellings of one name: case, spaces around and between words, and escapes make no difference. */
export function dnKey(text: string): string | undefined {
  return parseDn(text)?.map(rdnKey).join(',')
}

/** Is the name at `base` or below it? An empty base is above everything. */
export function isWithin(dn: string, base: string): boolean {
  const [names, bases] = [parseDn(dn), base === '' ? [] : parseDn(base)]
  if (!names || !bases || names.length < bases.length) return false
  return (
    names
      .slice(names.length - bases.length)
      .map(rdnKey)
      .join() === bases.map(rdnKey).join()
  )
}

/** The value of the first part: `staff` of `cn=staff,ou=groups,dc=corp`. */
export function firstValue(dn: string): string | undefined {
  return parseDn(dn)?.[0]?.[0]?.value
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
