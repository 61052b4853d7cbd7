/** Who came back with a code: the ID token, then what the upstream tells of its own accord. */
import {
  authorizationCodeGrant,
  type Configuration,
  fetchProtectedResource,
  fetchUserInfo,
  skipSubjectCheck,
} from 'openid-client'
import type { RedirectCallback } from '#plugin'
import type { Endpoints, Options } from './options.ts'

type Claims = Readonly<Record<string, unknown>>

/** What `begin` left to be checked against. */
export interface Kept {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly maxAge?: number
}
export interface Person {
  readonly claims: Claims
  /** For the upstream's logout. */
  readonly idToken: string | undefined
}

/** Redeems the code. `openid-client` checks state, issuer, nonce, signature, audience and times, and throws. */
export async function askPerson(
  configuration: Configuration,
  { url }: RedirectCallback,
  kept: Kept,
  options: Options,
): Promise<Person> {
  const openid = options.endpoints === undefined
  const tokens = await authorizationCodeGrant(configuration, new URL(url), {
    expectedState: kept.state,
    pkceCodeVerifier: kept.codeVerifier,
    ...(openid && { expectedNonce: kept.nonce, idTokenExpected: true }),
    ...(openid && kept.maxAge !== undefined && { maxAge: kept.maxAge }),
  })
  const { access_token: token, id_token: idToken } = tokens
  if (options.endpoints)
    return { claims: await plainPerson(configuration, token, options.endpoints), idToken: undefined }
  const id = tokens.claims() ?? {}
  const wanted = options.userinfo && configuration.serverMetadata().userinfo_endpoint !== undefined
  const more = wanted ? await fetchUserInfo(configuration, token, tokens.claims()?.sub ?? skipSubjectCheck) : {}
  return { claims: { ...more, ...id, ...mailOf({ ...id, ...more }) }, idToken }
}

/** An address and the word about it come from one place. */
function mailOf(claims: Claims): Claims {
  return 'email' in claims ? { email: claims['email'], email_verified: claims['email_verified'] } : {}
}

/** OAuth 2 without OpenID Connect, as GitHub does it. */
async function plainPerson(configuration: Configuration, token: string, endpoints: Endpoints): Promise<Claims> {
  const ask = async (url: string | undefined) => (url === undefined ? undefined : json(configuration, token, url))
  const [person, emails, teams] = await Promise.all([
    ask(endpoints.userinfo),
    ask(endpoints.emails),
    ask(endpoints.teams),
  ])
  const primary = tables(emails).find((each) => each['primary'] === true)
  const groups = tables(teams).map(teamName)
  return {
    ...tables([person])[0],
    ...(primary && { email: primary['email'], email_verified: primary['verified'] }),
    ...(teams !== undefined && { groups }),
  }
}

async function json(configuration: Configuration, token: string, url: string): Promise<unknown> {
  const headers = new Headers({ accept: 'application/json' })
  const answer = await fetchProtectedResource(configuration, token, new URL(url), 'GET', null, headers)
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
  return await answer.json()
}

function teamName(team: Claims): string {
  const [organization] = tables([team['organization']])
  return `${String(organization?.['login'])}/${String(team['slug'])}`
}

function tables(value: unknown): readonly Claims[] {
  if (!Array.isArray(value)) return []
  return value.filter((each): each is Claims => typeof each === 'object' && each !== null)
}
