/** The upstream as `openid-client` sees it: discovered when first needed, and again now and then. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  None,
} from 'openid-client'
import type { LoginSourceContext } from '#plugin'
import type { Options } from './options.ts'

export interface Upstream {
  /** Throws what keeps it from being asked. */
  configuration(): Promise<Configuration>
  /** Asks it now; throws what keeps it from answering. */
  check(): Promise<void>
}

/** Keys of its metadata change seldom; its signing keys are looked for by `openid-client` itself. */
const DISCOVER_AGAIN = 3_600_000

export async function createUpstream(options: Options, { dataDir, now }: LoginSourceContext): Promise<Upstream> {
  const ca = options.caFile === undefined ? undefined : await readCa(resolve(dataDir, options.caFile))
  const ask: CustomFetch = (url, init) =>
    fetch(url, { ...init, redirect: 'manual', ...(ca !== undefined && { tls: { ca } }) } as RequestInit)
  let known: { readonly configuration: Configuration; readonly at: number } | undefined
  let asking: Promise<Configuration> | undefined

  async function make(): Promise<Configuration> {
    const configuration = options.endpoints ? withoutDiscovery(options) : await discovered(options, ask)
    configuration[customFetch] = ask
    configuration.timeout = options.timeout / 1000
    known = { configuration, at: now() }
    return configuration
  }

  return {
    async configuration() {
      if (known && now() - known.at < DISCOVER_AGAIN) return known.configuration
      asking ??= make().finally(() => {
        asking = undefined
      })
      // An upstream that does not answer just now may still be the one it was.
      const { configuration } = known ?? {}
      return configuration ? asking.catch(() => configuration) : asking
    },
    async check() {
      if (!options.endpoints) return void (await make())
      const { authorization } = options.endpoints
      await ask(authorization, {
        method: 'GET',
        headers: {},
        body: null,
        redirect: 'manual',
        signal: AbortSignal.timeout(options.timeout),
      })
    },
  }
}

function authentication({ clientSecret, clientAuthentication }: Options) {
  if (clientSecret === undefined) return None()
  return clientAuthentication === 'post' ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret)
}

function insecure({ allowHttp }: Options) {
  // oxlint-disable-next-line no-deprecated -- marked so to make one think twice; the operator said allowHttp
  return allowHttp ? [allowInsecureRequests] : []
}

function discovered(options: Options, ask: CustomFetch): Promise<Configuration> {
  const { issuer, clientId, timeout } = options
  return discovery(new URL(issuer), clientId, undefined, authentication(options), {
    [customFetch]: ask,
    timeout: timeout / 1000,
    execute: insecure(options),
  })
}

function withoutDiscovery(options: Options): Configuration {
  const { issuer, clientId, endpoints } = options
  const server = {
    issuer,
    ...(endpoints && { authorization_endpoint: endpoints.authorization, token_endpoint: endpoints.token }),
  }
  const configuration = new Configuration(server, clientId, undefined, authentication(options))
  for (const allow of insecure(options)) allow(configuration)
  return configuration
}

async function readCa(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`caFile cannot be read: ${String(cause)}`, { cause })
  })
  if (!text.includes('BEGIN CERTIFICATE')) throw new Error('caFile holds no PEM certificate')
  return text
}
