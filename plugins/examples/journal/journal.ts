/** The file: lines appended, read up to the end, and applied in their order. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { AnyCollection, AnyRow, Commit, Counter, Increment, Step } from 'leveret/plugin'
import { apply, type Entry, lacksField, type Outcome, type Tables } from './tables.ts'

export interface Journal {
  /** The records after everything that was written before the call. */
  read(): Promise<Tables>
  /** Gives rows the fields that they lack. */
  grow(collections: readonly AnyCollection[]): Promise<void>
  commit(steps: readonly Step[]): Promise<Commit>
  increment(collection: AnyCollection, key: AnyRow, by: Increment): Promise<Counter>
  deleteExpired(collection: AnyCollection, now: number, limit: number): Promise<number>
  close(): Promise<void>
}

const PIECE = 1 << 20

export async function openJournal(path: string): Promise<Journal> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND
  const file = await open(path, flags, 0o600)
  const tables: Tables = new Map()
  /** Outcomes of lines written here, by their id, until whoever wrote them asks. */
  const outcomes = new Map<string, Outcome | undefined>()
  let position = 0
  let rest = Buffer.alloc(0)
  let reading: Promise<unknown> = Promise.resolve()
  let writing: Promise<unknown> = Promise.resolve()

  function take(line: string): void {
    let entry: Entry
    try {
      entry = JSON.parse(line) as Entry // written below
    } catch {
      return // what was left of a write that a crash cut off; nobody was told that it was done
    }
    const outcome = apply(tables, entry)
    if (outcomes.has(entry.id)) outcomes.set(entry.id, outcome)
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, position)
      if (bytesRead === 0) return
      position += bytesRead
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        if (end > 0) take(rest.toString('utf8', 0, end))
        rest = rest.subarray(end + 1)
      }
    }
  }

  async function read(): Promise<Tables> {
    const turn = reading.then(catchUp)
    reading = turn.catch(() => undefined)
    await turn
    return tables
  }

  /** Appends a line and reads up to it: what it came to depends on those before it. */
  async function write(entry: Omit<Entry, 'id'>): Promise<Outcome> {
    const id = randomUUID()
    outcomes.set(id, undefined)
    const done = (async () => {
      // The line end before it ends whatever a crash cut off.
      await file.appendFile(`\n${JSON.stringify({ id, ...entry })}\n`)
      await file.datasync()
    })()
    writing = Promise.allSettled([writing, done])
    try {
      await done
      await read()
      const outcome = outcomes.get(id)
      if (!outcome) throw new Error('The journal did not take the line')
      return outcome
    } finally {
      outcomes.delete(id)
    }
  }

  return {
    read,
    async grow(collections) {
      const known = await read()
      const grown = collections.filter((each) => lacksField(known, each))
      if (grown.length > 0) await write({ grow: grown })
    },
    commit: async (steps) => (await write({ commit: steps })).commit ?? { ok: true, taken: [] },
    async increment(collection, key, by) {
      const { counter } = await write({ increment: { collection, key, by } })
      return counter ?? { ok: false, count: 0, expiresAt: by.expiresAt }
    },
    deleteExpired: async (collection, now, limit) => (await write({ sweep: { collection, now, limit } })).removed ?? 0,
    async close() {
      await writing
      await reading
      await file.close().catch(() => undefined) // closed already
    },
  }
}
