import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Problem } from '../../src/core/problem.ts'
import { type BrokerConfigInput, brokerConfig } from '../../src/core/rabbitmq/config.ts'
import { BROKER_VERSIONS } from '../../src/core/rabbitmq/versions.ts'
import { aBroker } from './grants.ts'

const input: BrokerConfigInput = {
  broker: aBroker({ name: 'prod-cluster' }),
  issuer: 'https://tokens.example',
  jwksUrl: 'https://tokens.example/auth/oauth/jwks',
  discoveryUrl: 'https://tokens.example/.well-known/openid-configuration',
  caFile: '/etc/rabbitmq/leveret-ca.pem',
}
const everything = {
  httpAuth: { url: 'https://tokens.example/rabbitmq/auth', secret: 's&cret' },
  ui: { kind: 'code', clientId: 'rabbitmq-ui' },
  internalUsers: true,
} as const

async function golden(name: string): Promise<string> {
  return Bun.file(join(import.meta.dir, 'golden', name)).text()
}

describe('brokerConfig()', () => {
  for (const version of BROKER_VERSIONS) {
    test(`${version}: tokens alone`, async () => {
      const config = brokerConfig({ ...input, version })
      expect(config['rabbitmq.conf']).toBe(await golden(`${version}.conf`))
      expect(config['advanced.config']).toBeUndefined()
      expect(config.enabledPlugins).toBe('[rabbitmq_auth_backend_oauth2,rabbitmq_management].\n')
    })

    test(`${version}: with passwords, a management UI and users of the broker`, async () => {
      const config = brokerConfig({ ...input, ...everything, version })
      expect(config['rabbitmq.conf']).toBe(await golden(`${version}-everything.conf`))
      expect(config['advanced.config'] === undefined).toBe(version.startsWith('4'))
    })
  }

  test('puts TLS of the HTTP backend into advanced.config where rabbitmq.conf cannot say it', async () => {
    expect(brokerConfig({ ...input, ...everything })['advanced.config']).toBe(await golden('3.10-everything.config'))
  })

  test('leaves the OAuth 2 backend out when passwords are the only way', () => {
    const { 'rabbitmq.conf': conf, enabledPlugins } = brokerConfig({
      ...input,
      jwksUrl: 'http://127.0.0.1/jwks',
      httpAuth: { url: 'http://127.0.0.1:8080/rabbitmq/auth', only: true },
    })
    expect(conf).toContain('auth_backends.1 = rabbit_auth_backend_http\n')
    expect(conf).not.toContain('auth_oauth2')
    expect(enabledPlugins).toBe('[rabbitmq_auth_backend_http,rabbitmq_management].\n')
  })

  test('lets a portal post tokens to the management UI', () => {
    const ui = { kind: 'portal', url: 'https://tokens.example/account' } as const
    const { 'rabbitmq.conf': conf } = brokerConfig({ ...input, ui, version: '4.0' })
    expect(conf).toContain('management.oauth_initiated_logon_type = idp_initiated\n')
    expect(conf).toContain('management.oauth_provider_url = https://tokens.example/account\n')
  })

  const withoutCa = { ...input, caFile: undefined }
  const cases: readonly (readonly [note: string, input: object])[] = [
    ['An open AMQP connection outlives its token', { version: '3.10' }],
    ['An open AMQP connection outlives its token', { version: '4.2' }],
    ['From 4.2.6 on the broker closes a connection', { version: '4.2' }],
    ['From 4.2.6 on the broker closes a connection', { version: '4.3' }],
    ['knows no certificate authorities by itself', withoutCa],
    ['Give the key set a DNS name', { jwksUrl: 'https://10.0.0.1/jwks' }],
    ['the broker logs only "invalid credentials"', everything],
    ['carry its secret', everything],
    ['The management UI of RabbitMQ 3.12 is not configured here', { ...everything, version: '3.12' }],
    [
      'keeps no token that /account/brokers posts',
      { broker: aBroker({ managementUrl: 'https://rabbit.example' }), ui: { kind: 'code', clientId: 'ui' } },
    ],
    ['The broker is registered with version 3.10', { version: '4.0' }],
  ]
  for (const [note, change] of cases) {
    test(`notes "${note}" with ${JSON.stringify(change)}`, () => {
      const { notes } = brokerConfig({ ...input, ...change })
      expect(notes.filter((text) => text.includes(note))).toHaveLength(1)
    })
  }

  test('refuses what no broker would boot with', () => {
    expect(() => brokerConfig({ ...input, version: '3.9' })).toThrow(Problem)
    expect(() => brokerConfig({ ...input, jwksUrl: 'http://tokens.example/jwks' })).toThrow('not https')
    expect(() => brokerConfig({ ...input, caFile: 'ca.pem' })).toThrow('absolute path')
  })
})
