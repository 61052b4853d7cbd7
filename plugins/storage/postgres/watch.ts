/** Tells other processes which collections were changed, by NOTIFY, and hears of theirs. */
import type { SQL } from 'bun'
import type { Pool } from './pool.ts'

export interface Changes extends AsyncDisposable {
  /** Something was written here. */
  wrote(collection: string): void
  listen(changed: (collections: readonly string[]) => void): Promise<AsyncDisposable>
}

export interface ChangesOptions {
  readonly client: SQL
  readonly pool: Pool
  readonly channel: string
  /** Every collection there is: reported when a lost connection may have swallowed news. */
  readonly all: () => readonly string[]
  readonly failed: (error: unknown) => void
}

/** A notification carries at most 8,000 bytes, a name has at most 40. */
const NAMES = 150

/**
 * News is sent after the commit, and gathered while older news is on its way: a transaction that notifies commits under
 * a lock of the whole database, which would undo the server's own grouping of commits. So news is a hint to read again;
 * a process that dies between its commit and its news leaves none.
 */
export function changesOf({ client, pool, channel, all, failed }: ChangesOptions): Changes {
  const self = crypto.randomUUID()
  const news = new Set<string>()
  let sending: Promise<void> | undefined

  async function send(): Promise<void> {
    while (news.size > 0) {
      const names = [...news].slice(0, NAMES)
      for (const name of names) news.delete(name)
      const params = [channel, [self, ...names].join(' ')]
      await pool.run('notify', (connection) => connection.send({ sql: 'SELECT pg_notify($1, $2)', params }))
    }
  }
  return {
    wrote(collection) {
      news.add(collection)
      sending ??= send()
        .catch(failed)
        .finally(() => {
          sending = undefined
        })
    },
    async listen(changed) {
      let listening = false
      const heard = (payload: string) => {
        const [sender, ...names] = payload.split(' ')
        if (sender !== self) changed(names)
      }
      return client.listen(channel, heard, () => {
        if (listening) changed(all())
        listening = true
      })
    },
    async [Symbol.asyncDispose]() {
      await sending
    },
  }
}
