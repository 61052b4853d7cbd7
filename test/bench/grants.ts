/**
 * What the OAuth endpoints answer in a second, against bare answers of the same process and against `oidc-provider` on
 * Node: the same grants, ES256 for everything that is signed, everything of the peer in memory.
 */
import { availableParallelism } from 'node:os'
import { firstLine } from './first-line.ts'
import type { Bed, Bench, Measure } from './bench.ts'
import { type Aim, inTurns, type Shot } from './load.ts'
import { PERSON } from './person.ts'
import type { ServerUnderLoad } from './server-under-load.ts'

type Work = 'credentials' | 'refreshes' | 'introspections' | 'userinfo'
type Endpoints = Readonly<Record<Work, Aim>>

/** More than the load has connections. */
const FAMILIES = 20

function form(url: string, authorization: string, fields: Readonly<Record<string, string>>): Shot & { body: string } {
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
  return { url, method: 'POST', headers, body: String(new URLSearchParams(fields)) }
}

/** A form whose last field is a refresh token. */
function refresh(url: string, basic: string, fields: Readonly<Record<string, string>>, first: readonly string[]): Shot {
  const chain = { member: 'refresh_token', first }
  return { ...form(url, basic, { grant_type: 'refresh_token', ...fields, refresh_token: '' }), chain }
}

async function ours({ url, basic }: ServerUnderLoad): Promise<Endpoints> {
  const token = `${url}/auth/oauth/token`
  const login = async () => {
    const { username, password } = PERSON
    const { url: to, ...init } = form(token, basic, {
      grant_type: 'password',
      username,
      password,
      scope: 'openid profile email offline_access',
    })
    const answer = await fetch(to, init)
    if (!answer.ok) throw new Error(`No tokens from the server under load: ${await answer.text()}`)
    return (await answer.json()) as { readonly access_token: string; readonly refresh_token: string } // our own API
  }
  const { access_token: accessToken } = await login()
  return {
    credentials: form(token, basic, { grant_type: 'client_credentials', scope: 'jobs.read' }),
    refreshes: async () => {
      const families = await Promise.all(Array.from({ length: FAMILIES }, login))
      return refresh(
        token,
        basic,
        {},
        families.map((family) => family.refresh_token),
      )
    },
    introspections: form(`${url}/auth/oauth/introspect`, basic, { token: accessToken }),
    userinfo: { url: `${url}/auth/oauth/userinfo`, method: 'GET', headers: { authorization: `Bearer ${accessToken}` } },
  }
}

async function theirs(stdout: ReadableStream<Uint8Array>): Promise<Endpoints> {
  const { url, basic, ...target } = await firstLine<Record<'url' | 'basic' | 'resource' | 'scope', string>>(stdout)
  interface Tokens {
    readonly accessToken: string
    readonly refreshTokens: readonly string[]
  }
  const tokens = async () => (await (await fetch(`${url}/tokens`)).json()) as Tokens // of oidc-provider.mjs
  // New ones each time: its memory holds a thousand things and forgets the rest.
  const accessToken = async () => (await tokens()).accessToken
  return {
    credentials: form(`${url}/token`, basic, { grant_type: 'client_credentials', ...target }),
    refreshes: async () => {
      const { refreshTokens } = await tokens()
      return refresh(`${url}/token`, basic, { resource: target.resource }, refreshTokens)
    },
    introspections: async () => form(`${url}/token/introspection`, basic, { token: await accessToken() }),
    userinfo: async () => {
      const authorization = `Bearer ${await accessToken()}`
      return { url: `${url}/me`, method: 'GET', headers: { authorization } }
    },
  }
}

const NAMES: Readonly<Record<Work, string>> = {
  credentials: 'client-credentials grants (JWT, ES256)',
  refreshes: 'refreshes (rotation, JWT and ID token)',
  introspections: 'introspections',
  userinfo: 'userinfo',
}

/** The whole machine: a process for each processor, which is what is held against a peer that has one. */
async function onEveryProcessor(bed: Bed, peer: Aim): Promise<readonly Measure[]> {
  const processors = availableParallelism()
  const server = await bed.wholeServer()
  const { credentials } = await ours(server)
  const rates = await inTurns({ own: credentials, bare: server.signedAnswer, other: peer })
  const here = processors === 1 ? '1 process, for there is 1 processor' : `${processors} processes`
  const measured = { what: `${NAMES.credentials}, ${here}`, value: rates.own, unit: '/s' } as const
  const bare = { what: `bare ES256-signed answer, ${processors} processes`, value: rates.bare }
  return [
    { ...measured, ratio: { atLeast: 0.6 }, against: bare },
    {
      ...measured,
      ...(processors > 1 && { ratio: { atLeast: 4 } }),
      against: { what: 'oidc-provider', value: rates.other },
    },
  ]
}

export const grants: Bench = {
  name: 'grants',
  async run(bed) {
    const server = await bed.server()
    const peer = Bun.spawn(['node', 'test/bench/oidc-provider.mjs'], { stdout: 'pipe', stderr: 'ignore' })
    await using stack = new AsyncDisposableStack()
    stack.defer(async () => {
      peer.kill()
      await peer.exited
    })
    const [own, other] = [await ours(server), await theirs(peer.stdout)]
    const measure = async (work: Work): Promise<readonly Measure[]> => {
      const signs = work === 'credentials' || work === 'refreshes'
      const bare = signs ? server.signedAnswer : server.plainAnswer
      const rates = await inTurns({ own: own[work], bare, other: other[work] })
      const measured = { what: `${NAMES[work]}, 1 process`, value: rates.own, unit: '/s' } as const
      const what = signs ? 'bare ES256-signed answer' : 'bare answer'
      return [
        {
          ...measured,
          ...(work === 'credentials' && { ratio: { atLeast: 0.6 } }),
          against: { what, value: rates.bare },
        },
        { ...measured, against: { what: 'oidc-provider', value: rates.other } },
      ]
    }
    const measures: Measure[] = []
    for (const work of Object.keys(NAMES) as Work[]) measures.push(...(await measure(work)))
    return [...measures, ...(await onEveryProcessor(bed, other.credentials))]
  },
}
