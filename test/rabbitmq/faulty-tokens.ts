/** Tokens with one fault each, and what the doctor has to say of them. */
import { brokerClaims } from '../../src/core/rabbitmq/claims.ts'
import type { DoctorInput } from '../../src/core/rabbitmq/doctor.ts'
import { aGrant } from './grants.ts'

export const NOW = 1_700_000_000_000
const SECONDS = NOW / 1000

const grant = aGrant({
  patterns: { configure: ['app-*'], write: ['app-*', 'amq.default'], read: ['app-*'] },
  tags: ['management'],
})
/** Of a token without any. */
export const claims = brokerClaims({
  issuer: 'https://tokens.example',
  subject: 'alice',
  grant,
  now: NOW,
  ttl: 300_000,
  jti: 'j',
})

export function without(name: keyof typeof claims): object {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
}

export interface FaultyToken {
  readonly rule: string
  readonly name: string
  readonly payload?: object
  readonly header?: object
  readonly broker?: string
  readonly input?: Partial<DoctorInput>
  readonly text: string
  readonly brokerSays?: string
}
export const FAULTY: readonly FaultyToken[] = [
  {
    rule: 'size',
    name: 'a token over 3,500 bytes',
    payload: { ...claims, groups: 'x'.repeat(3000) },
    text: 'It is too large',
  },
  {
    rule: 'algorithm',
    name: 'an algorithm that is not configured',
    header: { alg: 'ES384' },
    text: 'Its algorithm is ES384',
    brokerSays: 'signature_invalid',
  },
  {
    rule: 'key',
    name: 'a header without kid',
    header: { kid: undefined },
    text: 'names no key',
    brokerSays: '{error,no_key}',
  },
  {
    rule: 'key',
    name: 'a key that is not in the set',
    header: { kid: 'gone' },
    text: 'is not in the key set',
    brokerSays: '{error,key_not_found}',
  },
  {
    rule: 'key',
    name: 'a key set that is not one',
    input: { jwks: 'oops' },
    text: 'is not in the key set',
    brokerSays: '{error,key_not_found}',
  },
  {
    rule: 'audience',
    name: 'another audience on 3.10',
    payload: { ...claims, aud: ['one', 'two'] },
    text: 'Its audience is "one", "two"; the broker wants "rabbitmq"',
    brokerSays: '{invalid_aud,{resource_id_not_found_in_aud,<<"rabbitmq">>,[<<"one">>,<<"two">>]}}',
  },
  {
    rule: 'audience',
    name: 'another audience on 4.0',
    payload: { ...claims, aud: 'one' },
    broker: '4.0',
    text: 'Its audience is "one"',
    brokerSays: '{error,no_matching_aud_found}',
  },
  {
    rule: 'audience',
    name: 'an unreadable audience',
    payload: { ...claims, aud: 7 },
    text: 'Its audience is unreadable',
    brokerSays: '{invalid_aud,{badarg,{aud_is_not_a_list,7}}}',
  },
  {
    rule: 'audience',
    name: 'no audience on 3.10',
    payload: without('aud'),
    text: 'It has no audience',
    brokerSays: "User '' authentication failed with internal error. Enable debug logs to see the real error.",
  },
  {
    rule: 'audience',
    name: 'no audience on 4.3',
    payload: without('aud'),
    broker: '4.3',
    text: 'It has no audience',
    brokerSays: '{error,no_aud_found}',
  },
  {
    rule: 'expiry',
    name: 'an expired token',
    input: { now: NOW + 301_000 },
    text: 'It expired 1 seconds ago',
    brokerSays: `Provided JWT token has expired at timestamp ${SECONDS + 300} (validated at ${SECONDS + 301})`,
  },
  { rule: 'expiry', name: 'no end on 3.10', payload: without('exp'), text: 'RabbitMQ 3.10 takes it for ever' },
  {
    rule: 'expiry',
    name: 'no end on 4.3',
    payload: without('exp'),
    broker: '4.3',
    text: 'no end of life',
    brokerSays: 'Provided JWT token has no exp claim',
  },
  {
    rule: 'expiry',
    name: 'a fractional end',
    payload: { ...claims, exp: SECONDS + 0.5 },
    text: 'is not a whole number',
  },
  {
    rule: 'clock',
    name: 'a token of the future',
    payload: { ...claims, iat: SECONDS + 1000 },
    text: 'It says it is from 990 seconds ahead',
  },
  { rule: 'user', name: 'no sub', payload: without('sub'), text: 'the broker calls the user "alice"' },
  {
    rule: 'user',
    name: 'a client_id other than sub',
    payload: { ...claims, client_id: 'app' },
    text: 'RabbitMQ 3.10 takes the first',
  },
  {
    rule: 'claims',
    name: 'authorization_details',
    payload: { ...claims, authorization_details: [] },
    text: 'It has authorization_details',
  },
  {
    rule: 'scope',
    name: 'no scope on 3.10',
    payload: without('scope'),
    text: 'It has no "scope" claim',
    brokerSays: "User '' authentication failed with internal error. Enable debug logs to see the real error.",
  },
  {
    rule: 'scope',
    name: 'no scope on 4.0',
    payload: without('scope'),
    broker: '4.0',
    text: 'It has no "scope" claim',
  },
  {
    rule: 'scope',
    name: 'more scopes than newer brokers take',
    payload: { ...claims, scope: 'a '.repeat(2049) },
    text: 'It has 2049 scopes',
    brokerSays: '{error,too_many_scopes}',
  },
  {
    rule: 'prefix',
    name: 'scopes of somebody else',
    payload: { ...claims, scope: 'openid other.read:*/*' },
    text: 'None of its scopes begins with "rabbitmq."',
  },
  {
    rule: 'segments',
    name: 'two segments',
    payload: { ...claims, scope: 'rabbitmq.read:prod/q rabbitmq.read:prod/q/*' },
    text: 'rabbitmq.read:prod/q',
  },
  {
    rule: 'encoding',
    name: 'a broken escape and a plus',
    payload: { ...claims, scope: ['rabbitmq.read:prod/a%2/*', 'rabbitmq.read:prod/a+b/*'] },
    text: 'rabbitmq.read:prod/a%2/* rabbitmq.read:prod/a+b/*',
  },
  {
    rule: 'vhost-wildcard',
    name: 'a wildcard for the vhost',
    payload: { ...claims, scope: 'rabbitmq.read:p*/q/*' },
    text: 'It is not bound to one vhost',
  },
  {
    rule: 'variables',
    name: 'a variable',
    payload: { ...claims, scope: 'rabbitmq.read:{vhost}/q/*' },
    text: '{vhost} opens every vhost',
  },
  {
    rule: 'vhost',
    name: 'another vhost',
    input: { vhost: 'test' },
    text: 'It does not open vhost "test"',
    brokerSays: "NOT_ALLOWED - access to vhost 'test' refused for user 'alice'",
  },
  {
    rule: 'vhost',
    name: 'a variable where it is literal',
    payload: { ...claims, scope: 'rabbitmq.read:{vhost}/q/*' },
    broker: '4.0',
    text: 'It does not open vhost "prod"',
    brokerSays: "NOT_ALLOWED - access to vhost 'prod' refused for user 'alice'",
  },
  {
    rule: 'tags',
    name: 'a tag beyond the vhost',
    payload: { ...claims, scope: 'rabbitmq.tag:administrator' },
    text: 'Tag administrator sees every vhost',
  },
]
