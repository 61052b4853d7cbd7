/** Log lines of several processes on one standard error: what is taken in one piece is never torn apart. */
import { fstatSync, writeSync } from 'node:fs'

/** A file takes any length in one piece, a pipe no more than PIPE_BUF. */
const PIECE = isFile() ? Number.POSITIVE_INFINITY : 4096
const PATIENCE = 1

export function writeWholeLines(lines: string): void {
  let rest = Buffer.from(lines)
  while (rest.length > 0) {
    const end = pieceOf(rest)
    writeAll(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
}

/** As many whole lines as fit, one at least. */
function pieceOf(text: Buffer): number {
  if (text.length <= PIECE) return text.length
  const last = text.lastIndexOf(10, PIECE - 1)
  const end = last >= 0 ? last : text.indexOf(10)
  return end < 0 ? text.length : end + 1
}

function writeAll(piece: Buffer): void {
  for (let written = 0; written < piece.length; ) {
    try {
      written += writeSync(2, piece, written)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return // nobody reads the log any more
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE)
    }
  }
}

function isFile(): boolean {
  try {
    return fstatSync(2).isFile()
  } catch {
    return false // closed
  }
}
