/** Where `leveret token` gets access tokens: the operator's own way, or another server as any client. */
import type { SessionLoginResponse, SessionTokenResponse } from '../core/session/sessions.ts'
import { type Call, CommandError, type OptionSpecs, type OptionValues, UsageError } from './command.ts'
import { Refusal, readAnswer, withApi } from './client.ts'
import { PASSWORD_FILE, readPassword } from './password.ts'

export const SOURCE_OPTIONS = {
  user: { type: 'string', value: 'NAME', help: 'For this user' },
  vhost: { type: 'string', value: 'VHOST', help: 'For this vhost (with --url default: that of the server)' },
  broker: { type: 'string', value: 'NAME', help: 'For this broker (default: the only one, or session.defaultBroker)' },
  url: { type: 'string', value: 'URL', help: 'Ask the server at this public URL, as a client with a login' },
  'password-file': { ...PASSWORD_FILE, help: 'With --url: the password of --user; else from the input or asked for' },
  'identity-token-file': {
    type: 'string',
    value: 'FILE',
    help: 'With --url: an identity token instead of user and password',
  },
  ca: { type: 'string', value: 'FILE', help: 'With --url: the certificate authority of the server, PEM' },
} as const satisfies OptionSpecs

export type TokenSource = () => Promise<SessionTokenResponse>
type SourceCall = Pick<Call, 'common' | 'io'> & { readonly options: OptionValues<typeof SOURCE_OPTIONS> }

/** Checks the options and asks for a password at once; each call of the result gets one token. */
export async function tokenSource(call: SourceCall): Promise<TokenSource> {
  const { options } = call
  if (options.url !== undefined) return remoteSource(call, options.url)
  if (options.user === undefined || options.vhost === undefined) {
    throw new UsageError('--user and --vhost are required, or --url to log in at a server')
  }
  const { user, vhost, broker } = options
  return () => withApi(call, (api) => api.send<SessionTokenResponse>('POST', '/control/token', { user, vhost, broker }))
}

interface Login {
  readonly username: string
  readonly password: string
  readonly vhost: string | undefined
  readonly broker: string | undefined
}

/** Logs in once and exchanges the identity token; logs in again when that has ended. */
async function remoteSource(call: SourceCall, url: string): Promise<TokenSource> {
  const { options, io } = call
  if (!URL.canParse(url)) throw new UsageError(`--url must be the public URL of a server, not "${url}"`)
  const post = await poster(url.replace(/\/$/, ''), options.ca)
  const identityFile = options['identity-token-file']
  if (identityFile !== undefined) {
    return async () =>
      post<SessionTokenResponse>(
        '/auth/session/token',
        {},
        (await readFile('--identity-token-file', identityFile)).trim(),
      )
  }
  const username = options.user
  if (username === undefined) throw new UsageError('--user or --identity-token-file is required with --url')
  const password = await readPassword({ io }, { file: options['password-file'], confirm: false })
  const login: Login = { username, password, vhost: options.vhost, broker: options.broker }
  const logIn = async () => (await post<SessionLoginResponse>('/auth/session/login', login)).id_token
  let identity: string | undefined
  return async () => {
    if (identity !== undefined) {
      const token = await unlessEnded(post<SessionTokenResponse>('/auth/session/token', {}, identity))
      if (token !== undefined) return token
    }
    identity = await logIn()
    return post('/auth/session/token', {}, identity)
  }
}

async function unlessEnded<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return undefined
    throw error
  }
}

type Post = <T>(path: string, body: unknown, bearer?: string) => Promise<T>

async function poster(base: string, caFile: string | undefined): Promise<Post> {
  const tls = caFile === undefined ? {} : { tls: { ca: await readFile('--ca', caFile) } }
  return async <T>(path: string, body: unknown, bearer?: string): Promise<T> => {
    const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) }
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000), ...tls }
    const answer = await fetch(`${base}${path}`, request).catch((cause: unknown) => {
      throw new CommandError(`${base} cannot be reached: ${reasonOf(cause)}`, { cause })
    })
    return readAnswer<T>(answer)
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return `its certificate is not trusted (${code}); give its authority with --ca`
  return code === '' ? 'it does not answer' : code
}

function readFile(option: string, file: string): Promise<string> {
  return Bun.file(file)
    .text()
    .catch((cause: unknown) => {
      throw new CommandError(`${option}: ${file} cannot be read`, { cause })
    })
}
