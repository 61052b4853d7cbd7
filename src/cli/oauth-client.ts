/** `leveret client`: applications and services that get tokens. */
import { type Api, configOf, segment, withApi } from './client.ts'
import { CLIENT_OPTIONS, clientBody, PRESETS, presetBody } from './client-options.ts'
import { type Call, type CommandGroup, defineCommand, UsageError } from './command.ts'
import { secondsOf } from './duration-option.ts'
import { registrationToken } from './registration-token.ts'
import { fields, table } from './table.ts'

interface ClientWire {
  readonly id: string
  readonly name: string
  readonly managedBy: string
  readonly ownerId: string | null
  readonly disabled: boolean
  readonly confidential: boolean
  readonly profile: string | null
  readonly authMethod: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly grants: readonly string[]
  readonly scopes: readonly string[]
  readonly audiences: readonly string[]
  readonly groups: readonly string[]
  readonly accessTokenFormat: string
  readonly accessTokenTtlSeconds: number | null
  readonly consent: string
  readonly secrets: readonly { readonly createdAt: string; readonly expiresAt: string | null }[]
}
interface RegisteredWire {
  readonly client: ClientWire
  readonly secret: string | null
}
interface CheckWire {
  readonly profile: string
  readonly met: boolean
  readonly demands: readonly { readonly demand: string; readonly lacks: string | null }[]
}

const id = { help: 'client_id' } as const

const add = defineCommand({
  name: 'add',
  summary: 'Register a client; its secret is printed this once',
  about: `Presets: "web" is a server that people log in to with a browser, "spa" a page that runs in it, "native" a program on a
    desktop or a command line that listens on a loopback port, "device" one without a browser, "service" a program that acts
    for itself, "management-ui" the management UI of RabbitMQ at --url. Options count instead of the preset.`,
  args: { id },
  options: {
    preset: { type: 'string', choices: PRESETS, help: 'What kind of client (default: web)' },
    url: { type: 'string', value: 'URL', help: 'Where the management UI is, for its preset' },
    ...CLIENT_OPTIONS,
  },
  examples: [
    {
      says: 'A web application',
      line: 'leveret client add shop --preset web --redirect-uri https://shop.corp.internal/callback',
    },
    { says: 'A command line tool that opens a browser', line: 'leveret client add corp-cli --preset native' },
    {
      says: 'A service that may use a broker',
      line: 'leveret client add invoicer --preset service --group billing',
    },
    {
      says: 'The management UI of a broker',
      line: 'leveret client add rabbitmq-ui --preset management-ui --url https://rabbit.corp.internal:15671',
    },
    {
      says: 'A bank, by FAPI 2.0',
      line: 'leveret client add bank --profile fapi2 --jwks bank.jwks.json --redirect-uri https://bank.example/cb',
    },
  ],
  async run(call) {
    const { options, args, io } = call
    const preset = presetBody((options.preset ?? 'web') as (typeof PRESETS)[number], options.url) // one of the choices
    const given = await clientBody(options, io)
    const registered = await withApi(call, async (api) => {
      const body = { id: args.id, name: args.id, ...preset, ...(await withOwner(api, given)) }
      return api.send<RegisteredWire>('POST', '/clients', body)
    })
    const hint =
      options.preset === 'management-ui' ? managementHint(registered.client.id, await originsOf(call, options.url)) : ''
    return { data: registered, text: `Registered client ${registered.client.id}${secretLine(registered)}${hint}` }
  },
})

const listAll = defineCommand({
  name: 'list',
  summary: 'List clients',
  args: {},
  options: { owner: { type: 'string', value: 'USER', help: 'Only those that this user owns' } },
  examples: [{ says: 'Every client', line: 'leveret client list' }],
  async run(call) {
    const clients = await withApi(call, async (api) => {
      const owner = call.options.owner === undefined ? undefined : await userId(api, call.options.owner)
      return api.list<ClientWire>('/clients', { owner })
    })
    const rows = clients.map((each) => [each.id, each.name, kindOf(each), each.managedBy, grantsOf(each)])
    return { data: clients, text: table(['client', 'name', 'kind', 'kept by', 'grants'], rows, 'There are no clients') }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Show one client; secrets are kept nowhere and not shown',
  args: { id },
  options: {},
  examples: [{ says: 'One client', line: 'leveret client show shop' }],
  async run(call) {
    const client = await withApi(call, (api) => api.get<ClientWire>(`/clients/${segment(call.args.id)}`))
    return { data: client, text: describe(client) }
  },
})

const update = defineCommand({
  name: 'update',
  summary: 'Change a client: what is given counts, the rest stays',
  about: 'A list is replaced as a whole. Tokens already given out keep what they say until they expire.',
  args: { id },
  options: {
    ...CLIENT_OPTIONS,
    disable: { type: 'boolean', help: 'Let it do nothing until it is enabled again' },
    enable: { type: 'boolean', help: 'Let it work again' },
  },
  examples: [
    {
      says: 'A further address',
      line: 'leveret client update shop --redirect-uri https://shop.corp.internal/callback',
    },
    { says: 'Stop a client at once', line: 'leveret client update shop --disable' },
    { says: 'All that FAPI 2.0 demands', line: 'leveret client update bank --profile fapi2' },
  ],
  async run(call) {
    const { disable, enable } = call.options
    if (disable && enable) throw new UsageError('--disable and --enable exclude each other')
    const given = await clientBody(call.options, call.io)
    const change = disable || enable ? { ...given, disabled: disable } : given
    if (Object.keys(change).length === 0) throw new UsageError('there is nothing to change')
    const client = await withApi(call, async (api) =>
      api.send<ClientWire>('PATCH', `/clients/${segment(call.args.id)}`, await withOwner(api, change)),
    )
    return { data: client, text: `Changed client ${client.id}` }
  },
})

const remove = defineCommand({
  name: 'remove',
  summary: 'Delete a client and everything it was granted',
  args: { id },
  options: {},
  examples: [{ says: 'Delete a client', line: 'leveret client remove shop' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/clients/${segment(call.args.id)}`))
    return { data: { id: call.args.id }, text: `Removed client ${call.args.id}` }
  },
})

const rotateSecret = defineCommand({
  name: 'rotate-secret',
  summary: 'Give a client a new secret, printed this once',
  about:
    'With --overlap the secret before works on for a while, so that nothing stands still; any older one ends at once.',
  args: { id },
  options: {
    overlap: { type: 'string', value: 'DURATION', help: 'How long the secret before works on (default: not)' },
  },
  examples: [
    { says: 'A day to change over', line: 'leveret client rotate-secret shop --overlap 24h' },
    { says: 'At once, after a leak', line: 'leveret client rotate-secret shop' },
  ],
  async run(call) {
    const body = { overlapSeconds: secondsOf('overlap', call.options.overlap) }
    const path = `/clients/${segment(call.args.id)}:rotate-secret`
    const rotated = await withApi(call, (api) => api.send<RegisteredWire>('POST', path, body))
    return { data: rotated, text: `Gave client ${rotated.client.id} a new secret${secretLine(rotated)}` }
  },
})

const check = defineCommand({
  name: 'check',
  summary: 'Say line by line what a profile demands and what the client lacks',
  about: `"rfc9700" is the best current practice for every client, "fapi2" the FAPI 2.0 Security Profile; without --profile the
    one of the client. Exit code 1 when something is lacking.`,
  args: { id },
  options: { profile: { type: 'string', choices: ['rfc9700', 'fapi2'], help: 'What to check against' } },
  examples: [{ says: 'Before a conformance run', line: 'leveret client check bank --profile fapi2' }],
  async run(call) {
    const { profile } = call.options
    const path = `/clients/${segment(call.args.id)}/check`
    const checked = await withApi(call, (api) => api.get<CheckWire>(path, { profile }))
    const lines = checked.demands.map(({ demand, lacks }) =>
      lacks === null ? `ok     ${demand}` : `LACKS  ${demand}: ${lacks}`,
    )
    return { data: checked, text: lines.join('\n'), ok: checked.met }
  },
})

export const clientCommands: CommandGroup = {
  name: 'client',
  summary: 'Clients: applications and services that get tokens',
  commands: [add, listAll, show, update, remove, rotateSecret, check, registrationToken],
}

/** People name the owner, the API wants the id. */
async function withOwner(api: Api, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { ownerId } = body
  return typeof ownerId === 'string' ? { ...body, ownerId: await userId(api, ownerId) } : body
}

async function userId(api: Api, name: string): Promise<string> {
  return (await api.get<{ readonly id: string }>(`/users/${segment(name)}`)).id
}

function secretLine({ secret }: RegisteredWire): string {
  return secret === null ? '' : `\nSecret, shown this once: ${secret}`
}

/** Whether pages at `url` may call us already; `undefined` if so. */
async function originsOf({ common, io }: Pick<Call, 'common' | 'io'>, url = '') {
  const { config } = await configOf(common, io)
  const origin = new URL(url).origin
  return { issuer: config.publicUrl, missing: config.oauth.corsOrigins.includes(origin) ? undefined : origin }
}

function managementHint(clientId: string, { issuer, missing }: Awaited<ReturnType<typeof originsOf>>): string {
  const lines = [
    '',
    'In rabbitmq.conf of the broker:',
    '  management.oauth_enabled = true',
    `  management.oauth_client_id = ${clientId}`,
    `  management.oauth_provider_url = ${issuer}`,
    ...(missing === undefined
      ? []
      : [`In leveret.toml, so that the page may call: [oauth] corsOrigins = ["${missing}"]`]),
  ]
  return lines.join('\n')
}

function kindOf({ confidential, disabled, profile }: ClientWire): string {
  const kind = profile ?? (confidential ? 'confidential' : 'public')
  return disabled ? `${kind}, disabled` : kind
}

function grantsOf({ grants }: ClientWire): string {
  return grants.map((grant) => grant.split(/[:/]/).at(-1)).join(' ') || '-'
}

function describe(client: ClientWire): string {
  const lines = (values: readonly string[]) => values.join(' ') || '-'
  return fields([
    ['client', client.id],
    ['name', client.name],
    ['kind', kindOf(client)],
    ['kept by', client.managedBy],
    ['owner', client.ownerId ?? '-'],
    ['authentication', client.authMethod],
    ['grants', grantsOf(client)],
    ['redirects', lines(client.redirectUris)],
    ['after logout', lines(client.postLogoutRedirectUris)],
    ['scopes', lines(client.scopes)],
    ['audiences', lines(client.audiences)],
    ['groups', lines(client.groups)],
    ['access tokens', `${client.accessTokenFormat}, ${client.accessTokenTtlSeconds ?? 'default'} s`],
    ['consent', client.consent],
    [
      'secrets',
      client.secrets
        .map(({ createdAt, expiresAt }) => `of ${createdAt}${expiresAt === null ? '' : ` until ${expiresAt}`}`)
        .join(', ') || '-',
    ],
  ])
}
