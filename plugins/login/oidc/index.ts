/** People of an upstream OpenID Connect provider, or of an OAuth 2 service that tells who somebody is. */
import { defineLoginSource } from '#plugin'
import { config } from './config.ts'

export default defineLoginSource({
  type: 'oidc',
  config,
  // Loaded when a configuration names an upstream: most name none, and start without the library.
  open: async (given, context) => (await import('./source.ts')).openSource(given, context),
})
