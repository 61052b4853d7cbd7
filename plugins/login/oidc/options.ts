/** The configuration with every default filled in: the operator's word, then the preset's, then OpenID Connect's. */
import type { Config } from './config.ts'
import { PRESETS } from './presets.ts'

export interface ClaimPaths {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly emailVerified: string
  readonly displayName: string
  readonly groups: string
}
export interface Endpoints {
  readonly authorization: string
  readonly token: string
  readonly userinfo: string
  readonly emails: string | undefined
  readonly teams: string | undefined
}
export interface Options extends Omit<Config, 'preset' | 'tenant' | 'issuer' | 'claims' | 'endpoints' | 'scopes'> {
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly claims: ClaimPaths
  /** Without discovery. */
  readonly endpoints: Endpoints | undefined
  /** Whether the upstream's word that it checked a mail address counts. */
  readonly believesMail: boolean
}

const CLAIMS: ClaimPaths = {
  id: 'sub',
  username: 'preferred_username',
  email: 'email',
  emailVerified: 'email_verified',
  displayName: 'name',
  groups: 'groups',
}

/** Throws an `Error` that says what is missing. */
export function resolveOptions(given: Config): Options {
  const { preset: name, tenant, issuer: own, claims, endpoints, scopes, ...rest } = given
  const preset = name === undefined ? {} : (PRESETS[name] ?? {})
  const issuer = own ?? (tenant === undefined ? undefined : preset.issuerOf?.(tenant)) ?? preset.issuer
  if (issuer === undefined) throw new Error(missing(name))
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && given.allowHttp))
    throw new Error('issuer must be an https URL, or http with allowHttp')
  return {
    ...rest,
    issuer,
    scopes: scopes ?? preset.scopes ?? ['openid', 'profile', 'email'],
    claims: { ...CLAIMS, ...preset.claims, ...claims },
    endpoints: endpointsOf({ ...preset.endpoints, ...endpoints }),
    believesMail: preset.believesMail ?? true,
  }
}

function missing(preset: string | undefined): string {
  return preset === 'entra' ? 'tenant is required for the preset "entra"' : 'issuer is required'
}

function endpointsOf({ authorization, token, userinfo, emails, teams }: Config['endpoints']): Endpoints | undefined {
  if (authorization === undefined && token === undefined) return undefined
  if (authorization === undefined || token === undefined || userinfo === undefined)
    throw new Error('endpoints must name authorization, token and userinfo, or none of them')
  return { authorization, token, userinfo, emails, teams }
}
