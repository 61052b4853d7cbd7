/** A plugin in one file: a gzipped tar of its folder. The same folder always gives the same bytes. */
import { gunzipSync, gzipSync } from 'node:zlib'

/** How the name of such a file ends. */
export const PACKED = '.leveret-plugin'

const BLOCK = 512
const NAME = 100
const REGULAR = '0'

/** The archive of these files, by path inside the plugin. Throws a `RangeError` at a path that is too long. */
export function pack(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [path, bytes] of files) {
    parts.push(header(path, bytes.length), bytes, new Uint8Array(padding(bytes.length)))
  }
  parts.push(new Uint8Array(2 * BLOCK))
  const packed = gzipSync(Buffer.concat(parts), { level: 9 })
  packed[9] = 255 // whatever system packs it
  return packed
}

/** The files of an archive. Throws an `Error` with a sentence if it is none, or holds more than `limit` bytes. */
export function unpack(archive: Uint8Array, limit: number): Map<string, Uint8Array> {
  const bytes = inflated(archive, limit)
  const files = new Map<string, Uint8Array>()
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const head = bytes.subarray(at, at + BLOCK)
    const [path, size] = [text(head, 0, NAME), Number.parseInt(text(head, 124, 12), 8)]
    if (checksum(head) !== Number.parseInt(text(head, 148, 8), 8)) throw new Error('it is damaged')
    if (text(head, 156, 1) !== REGULAR) throw new Error(`it holds ${path}, which is no file`)
    if (!isInside(path)) throw new Error(`it holds a file called ${JSON.stringify(path)}`)
    at += BLOCK
    if (!(size >= 0) || at + size > bytes.length) throw new Error('it is cut off')
    files.set(path, bytes.subarray(at, at + size))
    at += size + padding(size)
  }
  return files
}

function inflated(archive: Uint8Array, limit: number): Buffer {
  try {
    return gunzipSync(archive, { maxOutputLength: limit })
  } catch (cause) {
    throw new Error('it is no packed plugin, or a larger one than is taken', { cause })
  }
}

/** Nothing that leads elsewhere: no absolute path, no step up, no empty step. */
function isInside(path: string): boolean {
  return path !== '' && !/[\p{Cc}\\]/u.test(path) && path.split('/').every((step) => !['', '.', '..'].includes(step))
}

function header(path: string, size: number): Uint8Array {
  const name = Buffer.from(path)
  if (name.length > NAME) throw new RangeError(`the path ${path} is longer than ${NAME} bytes`)
  const head = Buffer.alloc(BLOCK)
  name.copy(head, 0)
  head.write('0000644\0', 100)
  head.write('0000000\0', 108)
  head.write('0000000\0', 116)
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write(REGULAR, 156)
  head.write('ustar\x0000', 257)
  head.write(`${checksum(head).toString(8).padStart(6, '0')}\0 `, 148)
  return head
}

/** The sum of the header's bytes, the field of the sum itself counted as spaces. */
function checksum(head: Uint8Array): number {
  return head.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0)
}

function text(head: Uint8Array, from: number, length: number): string {
  const field = head.subarray(from, from + length)
  const end = field.indexOf(0)
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim()
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}
