/** Bytes of a pipe to lines of text, none of them longer than agreed. */

export class LineTooLong extends Error {
  override name = 'LineTooLong'
}

const NEWLINE = 0x0a

/** Throws a `LineTooLong` before it keeps more than `limit` bytes, a `TypeError` if a line is not UTF-8. */
export async function* readLines(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at))
      size += at - from
      if (size > limit) throw new LineTooLong(`a line of more than ${limit} bytes`)
      yield decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
      parts = []
      size = 0
      from = at + 1
    }
    parts.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > limit) throw new LineTooLong(`a line of more than ${limit} bytes`)
  }
  if (size > 0) yield decoder.decode(Buffer.concat(parts))
}
