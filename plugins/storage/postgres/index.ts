/** Storage in a PostgreSQL database, for one node or many. */
import { defineStorage } from '#plugin'
import { config } from './config.ts'

export default defineStorage({
  type: 'postgres',
  config,
  // Loaded when it is configured: most servers keep everything in the embedded store.
  open: async (section, context) => (await import('./storage.ts')).openPostgres(section, context),
})
