/** Opening a database file, and saying in one sentence why it cannot be opened or copied. */
import { Database } from 'bun:sqlite'
import { chmodSync, closeSync, fsyncSync, openSync, statSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'

/** Only for the owner: the file holds password hashes. */
const MODE = 0o600
/** Milliseconds to wait for a lock: while opening and migrating there is nothing else to do. */
const OPENING_PATIENCE = 30_000
/** Bytes that are read through in the time of a start. */
const SMALL = 32 * 1024 * 1024

export function openDatabase(file: string, durability: 'full' | 'normal'): Database {
  return saying(`Cannot open ${file}`, file, () => {
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found) closeSync(openSync(file, 'a', MODE))
    else if (!found.isFile()) throw new Error('it is not a file')
    else if ((found.mode & 0o077) !== 0) chmodSync(file, MODE)
    // A closed database has no log beside it, and whoever closed it had it in order: only a large one is then taken as it is.
    const suspect = (found?.size ?? 0) <= SMALL || (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
    const database = new Database(file, { readwrite: true, create: false })
    try {
      database.run(`PRAGMA busy_timeout = ${OPENING_PATIENCE}`)
      database.run('PRAGMA journal_mode = WAL')
      database.run(`PRAGMA synchronous = ${durability}`)
      database.run('PRAGMA trusted_schema = OFF')
      if (suspect) check(database)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

function check(database: Database): void {
  const [[found] = []] = database.query('PRAGMA quick_check(1)').values()
  if (found !== 'ok') throw new Error(`the file is damaged (${String(found)}), restore a backup`)
}

/** Does what comes before serving: waits for other processes meanwhile. Afterwards who asks waits, not the process. */
export function beforeServing(database: Database, work: () => void): void {
  database.run(`PRAGMA busy_timeout = ${OPENING_PATIENCE}`)
  work()
  database.run('PRAGMA busy_timeout = 0')
}

/** Runs in a thread of its own, with a connection of its own: reads and writes go on meanwhile. */
const COPY = `
  import { Database } from 'bun:sqlite'
  self.onmessage = ({ data: { from, to } }) => {
    try {
      const database = new Database(from, { readwrite: true, create: false })
      database.run('PRAGMA busy_timeout = 30000')
      database.run('VACUUM INTO ?', [to])
      database.close()
      postMessage(undefined)
    } catch (error) {
      postMessage({ code: String(error.code), message: String(error.message) })
    }
  }
`

/** Copies the database to a file that does not exist yet. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  // Creating it empty is what makes "does not exist" certain, and keeps others from reading it.
  saying(`Cannot write a backup to ${to}`, to, () => closeSync(openSync(to, 'wx', MODE)))
  const source = URL.createObjectURL(new Blob([COPY], { type: 'application/javascript' }))
  const worker = new Worker(source)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<{ code: string; message: string } | undefined>()
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage({ from, to })
    const failure = await promise
    saying(`Cannot write a backup to ${to}`, to, () => {
      if (failure) throw Object.assign(new Error(failure.message), { code: failure.code })
      const written = openSync(to, 'r+')
      fsyncSync(written)
      closeSync(written)
    })
  } catch (error) {
    unlinkSync(to)
    throw error
  } finally {
    worker.terminate()
    URL.revokeObjectURL(source)
  }
}

const REASONS: Readonly<Record<string, (file: string) => string>> = {
  SQLITE_NOTADB: () => 'the file is not a SQLite database',
  SQLITE_CORRUPT: () => 'the file is damaged, restore a backup',
  SQLITE_CANTOPEN: (file) => `the folder ${dirname(file)} does not exist or cannot be written`,
  SQLITE_READONLY: (file) => `the file or its folder ${dirname(file)} is read-only`,
  SQLITE_FULL: () => 'the disk is full',
  SQLITE_IOERR: () => 'the disk failed',
  SQLITE_BUSY: () => 'another process keeps it locked',
  ENOSPC: () => 'the disk is full',
  ENOENT: (file) => `the folder ${dirname(file)} does not exist`,
  ENOTDIR: (file) => `${dirname(file)} is not a folder`,
  EACCES: () => 'permission denied',
  EPERM: () => 'permission denied',
  EROFS: () => 'the file system is read-only',
  EEXIST: () => 'the file exists already',
}

/** Does something with a file; what SQLite or the system refuses comes out as one sentence. */
export function saying<T>(action: string, file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    const code = 'code' in cause ? String(cause.code) : ''
    const found = Object.keys(REASONS).find((known) => code === known || code.startsWith(`${known}_`))
    const reason = found === undefined ? cause.message : REASONS[found]?.(file)
    throw new Error(`${action}: ${reason}`, { cause })
  }
}
