/** People of an LDAP directory or Active Directory. */
import { defineLoginSource } from '#plugin'
import { config } from './config.ts'

export default defineLoginSource({
  type: 'ldap',
  config,
  // Loaded when a configuration names a directory: most servers start without the library.
  open: async (given, context) => (await import('./source.ts')).openSource(given, context),
})
