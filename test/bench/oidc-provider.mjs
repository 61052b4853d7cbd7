/**
 * The peer of the OAuth benchmarks, run by Node: `oidc-provider` with its adapter in memory, one ES256 key, JWT access
 * tokens for a resource, and no log. Beside its own endpoints `GET /tokens` hands out what measures begin with. Says on the
 * output where it listens.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const RESOURCE = 'urn:bench:api'
const CLIENT = 'bench'
const SECRET = 'a-secret-of-the-benchmark-that-is-long-enough'
const ACCOUNT = 'alice'
const SCOPE = 'openid profile email offline_access'
const API_SCOPE = 'jobs.read'
const FAMILIES = 24

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }

const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const url = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(url, {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: CLIENT,
      client_secret: SECRET,
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['https://app.example/callback'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      name: 'Alice L',
      preferred_username: ACCOUNT,
      email: 'alice@example.org',
      email_verified: true,
    }),
  }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 86_400, IdToken: 300, Grant: 86_400 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: API_SCOPE,
        audience: RESOURCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 300,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

/** Tokens as after a login of alice: what userinfo takes, and families to refresh. */
async function tokens() {
  const client = await provider.Client.find(CLIENT)
  const of = async () => {
    const grant = new provider.Grant({ accountId: ACCOUNT, clientId: CLIENT })
    grant.addOIDCScope(SCOPE)
    grant.addResourceScope(RESOURCE, API_SCOPE)
    const grantId = await grant.save()
    return {
      accountId: ACCOUNT,
      client,
      grantId,
      gty: 'authorization_code',
      claims: {},
      authTime: 1,
      sessionUid: 'none',
    }
  }
  const access = new provider.AccessToken({ ...(await of()), scope: SCOPE })
  const family = async () => {
    const scope = `${SCOPE} ${API_SCOPE}`
    return new provider.RefreshToken({ ...(await of()), scope, resource: RESOURCE, rotations: 0, iiat: 1 }).save()
  }
  const refreshTokens = await Promise.all(Array.from({ length: FAMILIES }, family))
  return { accessToken: await access.save(), refreshTokens }
}

provider.use(async (ctx, next) => {
  if (ctx.path !== '/tokens') return next()
  ctx.body = await tokens()
})
server.on('request', provider.callback())
const basic = `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString('base64')}`
console.log(JSON.stringify({ url, basic, resource: RESOURCE, scope: API_SCOPE }))
