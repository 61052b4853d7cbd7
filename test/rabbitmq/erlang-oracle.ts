/** The broker's matcher clause by clause, as an oracle that shares no code with `src`. Works on lists of bytes. */
type Bytes = readonly number[]

const STAR = 42
const PERCENT = 37
const PLUS = 43

export function erlangMatch(subject: string, pattern: string): boolean {
  const parts = parsePattern([...Buffer.from(pattern, 'utf8')])
  if (parts === 'invalid') return false
  const bytes = [...Buffer.from(subject, 'utf8')]
  const [first = [], ...rest] = parts
  if (!isAt(bytes, first, 0)) return false
  return scan(bytes, rest, first.length, bytes.length)
}

function scan(subject: Bytes, pattern: readonly Bytes[], position: number, length: number): boolean {
  const [part, ...rest] = pattern
  if (part !== undefined && part.length === 0 && rest.length === 0) return true
  if (part === undefined) return position === length
  if (position === length) return false
  if (part.length === 0) return scan(subject, rest, position, length)
  for (let at = position; at + part.length <= length; at++) {
    if (isAt(subject, part, at)) return scan(subject, rest, at + part.length, length)
  }
  return false
}

function isAt(subject: Bytes, part: Bytes, at: number): boolean {
  return at + part.length <= subject.length && part.every((byte, index) => subject[at + index] === byte)
}

function parsePattern(pattern: Bytes): readonly Bytes[] | 'invalid' {
  const parts: number[][] = [[]]
  for (const byte of pattern) {
    if (byte === STAR) parts.push([])
    else parts.at(-1)?.push(byte)
  }
  const decoded = parts.map(urlDecode)
  return decoded.every((part) => part !== 'invalid') ? decoded : 'invalid'
}

function urlDecode(part: Bytes): Bytes | 'invalid' {
  const [byte, high, low, ...rest] = part
  if (byte === undefined) return []
  if (byte === PERCENT) {
    const code = `${hex(high)}${hex(low)}`
    const tail = urlDecode(rest)
    return code.length < 2 || tail === 'invalid' ? 'invalid' : [Number.parseInt(code, 16), ...tail]
  }
  const tail = urlDecode(part.slice(1))
  return tail === 'invalid' ? 'invalid' : [byte === PLUS ? 32 : byte, ...tail]
}

function hex(byte: number | undefined): string {
  const digit = byte === undefined ? '' : String.fromCharCode(byte)
  return /^[0-9A-Fa-f]$/.test(digit) ? digit : ''
}
