/** What the configuration says about the domain, in the domain's own terms. */
import type { Config } from './config/schema.ts'
import type { Settings } from './core/settings.ts'

export function settingsOf(config: Config): Settings {
  const { publicUrl, session, oauth, trustedIssuers, resources, browser, factors } = config
  const { passwords, patterns, groups, throttle, keys, audit } = config
  const { defaultBroker, ...rest } = session
  return {
    issuer: publicUrl,
    session: defaultBroker === undefined ? rest : { ...rest, defaultBroker },
    oauth: { ...oauth, trustedIssuers, resources: resources.map(special) },
    browser,
    factors: { ...factors, rpId: factors.rpId ?? new URL(publicUrl).hostname },
    passwords,
    patterns,
    groups,
    throttle,
    keys,
    audit,
  }
}

/** What is left out stays out. */
function special({ id, accessTokenFormat: format, accessTokenTtl: ttl }: Config['resources'][number]) {
  return {
    id,
    ...(format !== undefined && { accessTokenFormat: format }),
    ...(ttl !== undefined && { accessTokenTtl: ttl }),
  }
}
