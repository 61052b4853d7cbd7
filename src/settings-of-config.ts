/** What the configuration says about the domain, in the domain's own terms. */
import type { Config } from './config/schema.ts'
import type { Settings } from './core/settings.ts'

export function settingsOf(config: Config): Settings {
  const { publicUrl, session, oauth, trustedIssuers, browser, factors } = config
  const { passwords, patterns, groups, throttle, keys, audit } = config
  const { defaultBroker, ...rest } = session
  return {
    issuer: publicUrl,
    session: defaultBroker === undefined ? rest : { ...rest, defaultBroker },
    oauth: { ...oauth, trustedIssuers },
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
