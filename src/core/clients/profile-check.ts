/** What a profile demands of a client, and what of that the client lacks. */
import type { Settings } from '../settings.ts'
import { FAPI_ALGS } from './client-input.ts'
import type { Client } from './records.ts'

export const PROFILES = ['rfc9700', 'fapi2'] as const
/** `rfc9700` is what the best current practice asks of every client, `fapi2` the FAPI 2.0 Security Profile. */
export type Profile = (typeof PROFILES)[number]

export interface Demand {
  readonly demand: string
  /** What is there instead; `null` when it is met. */
  readonly lacks: string | null
}

interface Rule {
  readonly demand: string
  readonly lacks: (client: Client, settings: Settings) => string | false
}

const CODE_LIFE = 60_000

const NO_PASSWORDS: Rule = {
  demand: 'No password grant',
  lacks: ({ grants }) => grants.includes('password') && 'it may send the passwords of people',
}
const PKCE: Rule = { demand: 'PKCE with S256', lacks: ({ requirePkce }) => !requirePkce && 'PKCE is not required' }

const RULES: Readonly<Record<Profile, readonly Rule[]>> = {
  rfc9700: [
    PKCE,
    NO_PASSWORDS,
    {
      demand: 'Redirects over https, to loopback addresses or to a private scheme',
      lacks: ({ redirectUris }) => firstOf(redirectUris.filter((uri) => uri.startsWith('http://localhost'))),
    },
    {
      demand: 'Refresh tokens of public clients are rotated or bound to a key',
      lacks: ({ confidential, refreshPolicy, requireDpop }) =>
        !confidential && refreshPolicy === 'reuse' && !requireDpop && 'they are reused and bound to nothing',
    },
    {
      demand: 'A public client asks for consent',
      lacks: ({ confidential, consent }) =>
        !confidential && consent === 'skip' && 'it is trusted by a name that anybody can use',
    },
  ],
  fapi2: [
    { demand: 'A confidential client', lacks: ({ confidential }) => !confidential && 'it is public' },
    {
      demand: 'Authentication by private_key_jwt or tls_client_auth',
      lacks: ({ authMethod }) =>
        !['private_key_jwt', 'tls_client_auth'].includes(authMethod) && `it uses ${authMethod}`,
    },
    {
      demand: 'Assertions signed with PS256, ES256 or EdDSA',
      lacks: ({ authMethod, assertionAlgs }) => authMethod === 'private_key_jwt' && otherAlgs(assertionAlgs),
    },
    {
      demand: 'Assertions for the issuer alone, as a single string',
      lacks: ({ profile }) => profile !== 'fapi2' && 'other audiences are taken, too: set the profile',
    },
    {
      demand: 'Authorization requests by PAR only',
      lacks: ({ requirePushedRequests }) => !requirePushedRequests && 'they are also taken from the browser',
    },
    PKCE,
    {
      demand: 'Tokens bound to a key (DPoP)',
      lacks: ({ requireDpop }) => !requireDpop && 'bearer tokens are given, too',
    },
    {
      demand: 'Signed requests with PS256, ES256 or EdDSA',
      lacks: ({ requestObjectAlgs }) => otherAlgs(requestObjectAlgs),
    },
    {
      demand: 'ID tokens signed with ES256 or EdDSA',
      lacks: ({ idTokenAlg }) => idTokenAlg === 'RS256' && 'they are signed with RS256',
    },
    {
      demand: 'Refresh tokens are not rotated',
      lacks: ({ refreshPolicy }) => refreshPolicy !== 'reuse' && 'each use gives a new one',
    },
    {
      demand: 'Authorization codes end after 60 seconds',
      lacks: (_client, { oauth }) => oauth.codeTtl > CODE_LIFE && `they live ${oauth.codeTtl / 1000} s: oauth.codeTtl`,
    },
    {
      demand: 'Redirects over https',
      lacks: ({ redirectUris }) => firstOf(redirectUris.filter((uri) => !uri.startsWith('https://'))),
    },
    NO_PASSWORDS,
  ],
}

export function checkProfile(client: Client, profile: Profile, settings: Settings): readonly Demand[] {
  return RULES[profile].map(({ demand, lacks }) => ({ demand, lacks: lacks(client, settings) || null }))
}

function otherAlgs(algs: readonly string[]): string | false {
  if (algs.length === 0) return 'every algorithm is taken'
  const others = algs.filter((alg) => !FAPI_ALGS.some((each) => each === alg))
  return others.length > 0 && `${others.join(', ')} is taken, too`
}

function firstOf(uris: readonly string[]): string | false {
  return uris[0] !== undefined && `it redirects to ${uris[0]}`
}
