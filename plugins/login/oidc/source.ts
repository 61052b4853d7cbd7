/** The way of a browser to the upstream and back. */
import {
  AuthorizationResponseError,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientError,
  randomNonce,
  randomPKCECodeVerifier,
  ResponseBodyError,
} from 'openid-client'
import type { LoginSource, LoginSourceContext, RedirectRequest, Verdict } from '#plugin'
import type { Config } from './config.ts'
import { refused, verdictOn } from './identity.ts'
import { type Options, resolveOptions } from './options.ts'
import { askPerson, type Kept } from './person.ts'
import { createUpstream, type Upstream } from './upstream.ts'

export async function openSource(given: Config, context: LoginSourceContext): Promise<LoginSource> {
  const options = resolveOptions(given)
  return sourceOf(options, await createUpstream(options, context), context)
}

function sourceOf(options: Options, upstream: Upstream, { log }: LoginSourceContext): LoginSource {
  return {
    redirect: {
      async begin(request) {
        const kept: Kept = {
          state: request.state,
          nonce: randomNonce(),
          codeVerifier: randomPKCECodeVerifier(),
          ...(request.maxAge !== undefined && { maxAge: request.maxAge }),
        }
        const challenge = await calculatePKCECodeChallenge(kept.codeVerifier)
        const parameters = requestParameters(request, { kept, challenge }, options)
        return { url: buildAuthorizationUrl(await upstream.configuration(), parameters).href, state: { ...kept } }
      },
      async complete(callback) {
        const kept = keptIn(callback.state)
        if (!kept) return refused('credentials', 'the login was not begun here')
        try {
          const { claims, idToken } = await askPerson(await upstream.configuration(), callback, kept, options)
          const verdict = verdictOn(claims, options)
          if (!verdict.ok || idToken === undefined) return verdict
          return { ok: true, identity: { ...verdict.identity, session: { idToken } } }
        } catch (error) {
          return verdictOnError(error)
        }
      },
      async end({ session, returnUrl, state }) {
        const configuration = await upstream.configuration()
        if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
        const hint = typeof session['idToken'] === 'string' ? { id_token_hint: session['idToken'] } : {}
        return buildEndSessionUrl(configuration, { ...hint, post_logout_redirect_uri: returnUrl, state }).href
      },
    },
    async health() {
      try {
        await upstream.check()
        return { ok: true }
      } catch (error) {
        log.debug('upstream not discovered', { reason: String(error) })
        return { ok: false, detail: `the upstream cannot be discovered: ${reasonOf(error)}` }
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}

function requestParameters(
  { callbackUrl, state, loginHint, prompt, maxAge }: RedirectRequest,
  { kept, challenge }: { readonly kept: Kept; readonly challenge: string },
  options: Options,
): Record<string, string> {
  const asked = prompt ?? options.prompt
  return {
    redirect_uri: callbackUrl,
    scope: options.scopes.join(' '),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(options.endpoints === undefined && { nonce: kept.nonce }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
    ...(asked !== undefined && { prompt: asked }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  }
}

function keptIn({ state, nonce, codeVerifier, maxAge }: Readonly<Record<string, unknown>>): Kept | undefined {
  if (typeof state !== 'string' || typeof nonce !== 'string' || typeof codeVerifier !== 'string') return undefined
  return { state, nonce, codeVerifier, ...(typeof maxAge === 'number' && { maxAge }) }
}

/** Whose fault it is: the person's, who said no or brought something wrong, or the upstream's or this configuration's. */
function verdictOnError(error: unknown): Verdict {
  const reason = reasonOf(error)
  if (error instanceof AuthorizationResponseError)
    return refused(error.error === 'access_denied' ? 'not-allowed' : 'unavailable', reason)
  if (error instanceof ResponseBodyError)
    return refused(error.error === 'invalid_grant' ? 'credentials' : 'unavailable', reason)
  return refused(error instanceof ClientError && isDistrust(error) ? 'credentials' : 'unavailable', reason)
}

/** What came back contradicts what was asked, or is not the upstream's. */
function isDistrust({ code }: ClientError): boolean {
  return /^OAUTH_(?:INVALID_RESPONSE|JWT_|INVALID_|KEY_SELECTION|MISSING_)/.test(code ?? '')
}

function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError)
    return `${error.error}: ${error.error_description ?? ''}`
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}
