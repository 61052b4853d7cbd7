/** The storage contract on the distribution's PostgreSQL. */
import { afterAll, beforeAll } from 'bun:test'
import { storageConformance } from '../conformance/storage.ts'
import { describePostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { open } from '../harness/postgres-storage.ts'

describePostgres('PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  storageConformance('postgres', async () => {
    const database = await server.createDatabase()
    const argument = JSON.stringify(server.config(database))
    return {
      open: () => open(argument),
      elsewhere: { module: `${import.meta.dir}/../harness/postgres-storage.ts`, argument },
      async becomeNewer() {
        await server.admin(database).unsafe(`INSERT INTO leveret_migration (name) VALUES ('9999_later')`)
      },
      async [Symbol.asyncDispose]() {
        await server.dropDatabase(database)
      },
    }
  }, ['processes', 'newer', 'watch'])
})
