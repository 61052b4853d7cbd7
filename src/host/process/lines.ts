/** Bytes of a pipe to lines of text, none of them longer than agreed. */

/** What came cannot be a line: too long, or no text. The message completes "it writes …". */
export class NoLine extends Error {
  override name = 'NoLine'
}

const NEWLINE = 0x0a

/** Throws a `NoLine`, and keeps never more than `limit` bytes. */
export async function* readLines(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at))
      size += at - from
      if (size > limit) throw new NoLine(`a line of more than ${limit} bytes`)
      yield textOf(decoder, parts)
      parts = []
      size = 0
      from = at + 1
    }
    parts.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > limit) throw new NoLine(`a line of more than ${limit} bytes`)
  }
  if (size > 0) yield textOf(decoder, parts)
}

function textOf(decoder: TextDecoder, parts: readonly Uint8Array[]): string {
  try {
    return decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
  } catch (cause) {
    throw new NoLine('what is not UTF-8', { cause })
  }
}

/** Whether this text is longer than a line may be. */
export function isTooLong(text: string, limit: number): boolean {
  return text.length > limit / 3 && Buffer.byteLength(text) > limit
}
