/** An entry as a directory returns it: names of attributes in any case, values one, many or none, bytes where it is no text. */
import type { Entry } from 'ldapts'

export interface Found {
  readonly dn: string
  /** All values of an attribute as text. */
  all(attribute: string): readonly string[]
  /** The first one. */
  one(attribute: string): string | undefined
  bytes(attribute: string): readonly Buffer[]
  /** Whether the server left values out, as Active Directory does beyond 1,500. */
  cut(attribute: string): boolean
}

export function foundOf(entry: Entry): Found {
  const values = new Map<string, readonly (string | Buffer)[]>()
  for (const name in entry) {
    const value = entry[name] ?? []
    if (name !== 'dn') values.set(name.toLowerCase(), Array.isArray(value) ? value : [value])
  }
  const get = (attribute: string) => values.get(attribute.toLowerCase()) ?? []
  const all = (attribute: string) => get(attribute).map((value) => textOf(attribute, value))
  return {
    dn: entry.dn,
    all,
    one: (attribute) => all(attribute)[0],
    bytes: (attribute) => get(attribute).map((value) => (typeof value === 'string' ? Buffer.from(value) : value)),
    cut(attribute) {
      const beginning = `${attribute.toLowerCase()};range=`
      return values.keys().some((name) => name.startsWith(beginning))
    },
  }
}

function textOf(attribute: string, value: string | Buffer): string {
  if (typeof value === 'string') return value
  if (value.length === 16 && attribute.toLowerCase() === 'objectguid') return guidOf(value)
  return value[0] === 1 && value.length === 8 + 4 * (value[1] ?? 0) ? sidOf(value) : value.toString('hex')
}

/** As Windows writes it: the first three fields have their bytes the other way round. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

function guidOf(bytes: Buffer): string {
  const hex = GUID_ORDER.map((index) => bytes.subarray(index, index + 1).toString('hex')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** The bytes of a GUID, as a filter compares them. */
export function guidBytes(guid: string): Buffer {
  const hex = Buffer.from(guid.replaceAll('-', ''), 'hex')
  return Buffer.from(GUID_ORDER.map((index) => hex[index] ?? 0))
}

/** `S-1-5-21-…`: revision, authority (six bytes, big endian), then sub-authorities (four bytes each, little endian). */
export function sidOf(bytes: Buffer): string {
  const count = bytes[1] ?? 0
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(8 + 4 * index))
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...parts].join('-')
}
