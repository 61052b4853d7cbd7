/** What OAuth requests are made of: those endpoints take parameters without a schema, and say themselves what is wrong. */
import { Type as t } from '@sinclair/typebox'

const one = (...values: readonly string[]) => t.Union(values.map((value) => t.Literal(value)))
const GRANT = 'urn:ietf:params:oauth:grant-type:'
const texts = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, t.Optional(t.String())]))

export const OAuthParameters = t.Object({
  ...texts('client_id client_secret redirect_uri scope state nonce code code_verifier code_challenge refresh_token'),
  ...texts('device_code user_code token token_type_hint username password resource audience request request_uri'),
  ...texts('prompt max_age login_hint ui_locales acr_values id_token_hint post_logout_redirect_uri client_assertion'),
  ...texts('subject_token actor_token mfa_token otp binding_code dpop_jkt claims iss error error_description'),
  grant_type: t.Optional(
    one(
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      `${GRANT}device_code`,
      `${GRANT}token-exchange`,
      'http://auth0.com/oauth/grant-type/mfa-otp',
    ),
  ),
  response_type: t.Optional(one('code', 'token', 'id_token', 'code id_token')),
  response_mode: t.Optional(one('query', 'fragment', 'form_post')),
  code_challenge_method: t.Optional(one('S256', 'plain')),
  client_assertion_type: t.Optional(one('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')),
})
