/** A thousand cycles of every flow leave no row behind once what they made is over. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { collections } from '../../src/core/collections.ts'
import { sha256 } from '../../src/core/token/token-text.ts'
import {
  ACCESS_TOKEN,
  ALICE,
  type Answer,
  dpopKey,
  type OAuthServer,
  startOAuthServer,
  TOKEN_EXCHANGE,
} from '../harness/oauth.ts'
import { codeOfAlice, REDIRECT_URI, VERIFIER } from '../harness/oauth-code.ts'
import { allowDevice, goThrough } from '../harness/oauth-person.ts'
import { htmlBrowser } from '../harness/html-browser.ts'

setDefaultTimeout(300_000)

const CYCLES = 1_000
const AT_ONCE = 20
const DAY = 86_400_000
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer({
    config: {
      audit: { keepFor: '1d' },
      keys: { rotateEvery: '300d' },
      browser: { idleTtl: '300d', absoluteTtl: '300d' },
      log: { level: 'error' },
    },
  })
  // The first rounds make keys, and say so.
  await swept()
})
afterAll(() => oauth[Symbol.asyncDispose]())

/** Rows of each collection that has any. */
async function rows(): Promise<Readonly<Record<string, number>>> {
  const { storage } = oauth.server.instance.core
  const counts: Record<string, number> = {}
  for (const collection of collections) {
    let after: string | undefined
    do {
      const page = await storage.find(collection, { limit: 500, ...(after !== undefined && { after }) })
      if (page.rows.length > 0) counts[collection.name] = (counts[collection.name] ?? 0) + page.rows.length
      after = page.next
    } while (after !== undefined)
  }
  return counts
}

/** Two days later, after as many rounds of the janitor as it takes for what a round may remove. */
async function swept(): Promise<Readonly<Record<string, number>>> {
  const { janitor, audit } = oauth.server.instance.core
  await audit.flush()
  oauth.server.clock.advance(2 * DAY)
  for (let round = 0; round < 3; round++) await janitor.runOnce()
  return await rows()
}

async function cycles(cycle: (serial: number) => Promise<void>): Promise<void> {
  let serial = 0
  const worker = async () => {
    while (serial < CYCLES) await cycle(serial++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function got({ status, body }: Answer): Readonly<Record<string, unknown>> {
  if (status !== 200) throw new Error(`Refused: ${status} ${JSON.stringify(body)}`)
  return body
}

const scopes = ['openid', 'offline_access', 'jobs.read']
const app = { scopes, refreshIdleTtl: DAY, refreshAbsoluteTtl: DAY }

/** Each flow with what goes wrong in it, as one cycle of a client. */
const FLOWS: Readonly<Record<string, () => Promise<(serial: number) => Promise<void>>>> = {
  'code, refresh, userinfo': async () => {
    const client = await oauth.client({ ...app, grants: ['authorization_code', 'refresh_token'] })
    return async () => {
      const first = got(await oauth.token(client, await codeOfAlice(oauth, client)))
      const form = { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) }
      const second = got(await oauth.token(client, form))
      expect((await oauth.userinfo(second['access_token'])).status).toBe(200)
    }
  },
  'code shown twice, refresh token shown twice': async () => {
    const client = await oauth.client({ ...app, grants: ['authorization_code', 'refresh_token'] })
    return async (serial) => {
      const code = await codeOfAlice(oauth, client)
      const first = got(await oauth.token(client, code))
      const form = { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) }
      if (serial % 2 === 0) got(await oauth.token(client, form))
      expect((await oauth.token(client, serial % 2 === 0 ? form : code)).body['error']).toBe('invalid_grant')
    }
  },
  'opaque tokens, introspection, revocation': async () => {
    const grants = ['authorization_code', 'refresh_token', 'client_credentials']
    const client = await oauth.client({ ...app, grants, accessTokenFormat: 'opaque' })
    return async () => {
      const own = got(await oauth.token(client, { grant_type: 'client_credentials', scope: 'jobs.read' }))
      const first = got(await oauth.token(client, await codeOfAlice(oauth, client)))
      for (const token of [own['access_token'], first['refresh_token']]) {
        expect(await oauth.introspect(client, token)).toMatchObject({ active: true })
        await oauth.post('/auth/oauth/revoke', { token: String(token) }, { authorization: client.basic })
        expect(await oauth.introspect(client, token)).toEqual({ active: false })
      }
    }
  },
  'client credentials with DPoP, revocation': async () => {
    const client = await oauth.client({ ...app, grants: ['client_credentials'] })
    const key = await dpopKey(oauth.server.clock.now)
    const url = `${oauth.server.issuer}/auth/oauth/token`
    return async () => {
      const proof = { dpop: await key.proof({ url }) }
      const own = got(await oauth.token(client, { grant_type: 'client_credentials', scope: 'jobs.read' }, proof))
      const form = { token: String(own['access_token']) }
      await oauth.post('/auth/oauth/revoke', form, { authorization: client.basic })
    }
  },
  'token exchange': async () => {
    const grants = ['authorization_code', TOKEN_EXCHANGE]
    const client = await oauth.client({ ...app, grants, audiences: ['https://api.example'] })
    return async () => {
      const { access_token: token } = got(await oauth.token(client, await codeOfAlice(oauth, client)))
      got(
        await oauth.token(client, {
          grant_type: TOKEN_EXCHANGE,
          subject_token: String(token),
          subject_token_type: ACCESS_TOKEN,
          scope: 'openid',
        }),
      )
    }
  },
  'pushed requests and codes in one browser': async () => {
    const client = await oauth.client({ ...app, requirePushedRequests: true })
    const headers = { authorization: client.basic }
    const person = htmlBrowser(oauth.server)
    const request = {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid offline_access',
      code_challenge: sha256(VERIFIER),
      code_challenge_method: 'S256',
    }
    const begin = async () => {
      const { body } = await oauth.post('/auth/oauth/par', request, headers)
      const query = new URLSearchParams({ client_id: client.client.id, request_uri: String(body['request_uri']) })
      return await goThrough(person, `/auth/oauth/authorize?${String(query)}`)
    }
    // Logs in and allows; from here on nothing is asked any more.
    await begin()
    return async (serial) => {
      const code = (await begin()).searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
      if (serial % 2 === 0) got(await oauth.token(client, { ...form, code }))
    }
  },
  'devices, allowed and forgotten': async () => {
    const client = await oauth.client({ ...app, grants: [DEVICE, 'refresh_token'], redirectUris: [] })
    const headers = { authorization: client.basic }
    const person = htmlBrowser(oauth.server)
    return async (serial) => {
      const { body } = await oauth.post('/auth/oauth/device_authorization', { scope: 'openid' }, headers)
      if (serial % 2 === 1) return
      await allowDevice(person, String(body['user_code']))
      got(await oauth.token(client, { grant_type: DEVICE, device_code: String(body['device_code']) }))
    }
  },
  'logins and logouts of browsers': async () => async () => {
    const person = htmlBrowser(oauth.server)
    await person.submit(await person.open('/auth/login'), ALICE)
    await person.submit(await person.open('/auth/logout'), { action: 'logout' })
  },
  'password, wrong password': async () => {
    const client = await oauth.client({ ...app, grants: ['password', 'refresh_token'] })
    return async (serial) => {
      got(await oauth.tokensOfAlice(client))
      if (serial % 100 !== 0) return
      const stranger = { username: `stranger-${serial}`, password: 'wrong' }
      expect((await oauth.token(client, { grant_type: 'password', ...stranger })).status).toBe(400)
    }
  },
  'session workflow': async () => async () => {
    const token = await oauth.server.login({ ...ALICE, vhost: 'prod' })
    const headers = { authorization: `Bearer ${token}` }
    // Others of the same cycle may take its only place meanwhile.
    await oauth.server.fetch('/auth/session/token', { method: 'POST', headers })
  },
}

test.each(Object.keys(FLOWS))('%s', async (name) => {
  const cycle = await FLOWS[name]?.()
  // The consent of the first stays.
  await cycle?.(0)
  const before = await swept()
  await cycles(async (serial) => cycle?.(serial))
  expect(await swept()).toEqual(before)
})
