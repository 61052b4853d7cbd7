/** `leveret broker`: the RabbitMQ clusters that take our tokens. */
import { type Call, type CommandGroup, CommandError, defineCommand, UsageError } from './command.ts'
import { segment, withApi } from './client.ts'
import { describeDiagnosis, type DiagnosisWire, isHealthy } from './diagnosis.ts'
import { secondsOf } from './duration-option.ts'
import { fields, table } from './table.ts'

interface BrokerWire {
  readonly name: string
  readonly resourceServerId: string
  readonly version: string
  readonly tokenTtlSeconds: number
  readonly description: string
  readonly managementUrl: string | null
}

interface BrokerConfigWire {
  readonly 'rabbitmq.conf': string
  readonly 'advanced.config'?: string | null
  readonly enabledPlugins: string
  readonly notes: readonly string[]
}

const name = { help: 'Name of the broker here' } as const
const brokerVersion = { type: 'string', value: 'VERSION', help: 'RabbitMQ version, 3.10 to 4.3' } as const
const tokenTtl = {
  type: 'string',
  value: 'DURATION',
  help: 'Life of access tokens (default: session.accessTokenTtl)',
} as const
const description = { type: 'string', value: 'TEXT', help: 'What it is for' } as const

const managementUrl = {
  type: 'string',
  value: 'URL',
  help: 'Where people open its management UI, from 4.0 on also out of their account here',
} as const

const add = defineCommand({
  name: 'add',
  summary: 'Register a broker',
  about: `Every cluster has a resource server id of its own, which stands in the "aud" of its tokens and in its
    auth_oauth2.resource_server_id. "leveret broker config" prints the configuration for it.`,
  args: { name },
  options: {
    id: { type: 'string', value: 'ID', help: 'Resource server id (default: the name)' },
    version: { ...brokerVersion, required: true },
    'token-ttl': tokenTtl,
    'management-url': managementUrl,
    description,
  },
  examples: [
    {
      says: 'A cluster and how long its tokens live',
      line: 'leveret broker add prod-cluster --id rabbitmq --version 3.10 --token-ttl 5m',
    },
  ],
  async run(call) {
    const { options, args } = call
    const body = {
      name: args.name,
      resourceServerId: options.id ?? args.name,
      version: options.version,
      tokenTtlSeconds: secondsOf('token-ttl', options['token-ttl']),
      managementUrl: options['management-url'],
      description: options.description,
    }
    const broker = await withApi(call, (api) => api.send<BrokerWire>('POST', '/rabbitmq/brokers', body))
    return {
      data: broker,
      text: `Registered broker ${broker.name}; its configuration: leveret broker config ${broker.name}`,
    }
  },
})

const list = defineCommand({
  name: 'list',
  summary: 'List brokers',
  args: {},
  options: {},
  examples: [{ says: 'Every broker', line: 'leveret broker list' }],
  async run(call) {
    const brokers = await withApi(call, (api) => api.list<BrokerWire>('/rabbitmq/brokers'))
    const rows = brokers.map((each) => [
      each.name,
      each.resourceServerId,
      each.version,
      `${each.tokenTtlSeconds}s`,
      each.description,
    ])
    return {
      data: brokers,
      text: table(['broker', 'id', 'version', 'token life', 'description'], rows, 'There are no brokers'),
    }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Show one broker',
  args: { name },
  options: {},
  examples: [{ says: 'One broker', line: 'leveret broker show prod-cluster' }],
  async run(call) {
    const broker = await withApi(call, (api) => api.get<BrokerWire>(`/rabbitmq/brokers/${segment(call.args.name)}`))
    const text = fields([
      ['broker', broker.name],
      ['resource server id', broker.resourceServerId],
      ['version', broker.version],
      ['token life', `${broker.tokenTtlSeconds}s`],
      ['management UI', broker.managementUrl ?? '-'],
      ['description', broker.description || '-'],
    ])
    return { data: broker, text }
  },
})

const update = defineCommand({
  name: 'update',
  summary: 'Change a broker',
  args: { name },
  options: {
    id: { type: 'string', value: 'ID', help: 'Resource server id' },
    version: brokerVersion,
    'token-ttl': tokenTtl,
    'management-url': { ...managementUrl, help: `${managementUrl.help}; empty to take it back` },
    description,
  },
  examples: [
    { says: 'After an upgrade of the cluster', line: 'leveret broker update prod-cluster --version 4.3' },
    {
      says: 'People open its management UI out of their account',
      line: 'leveret broker update prod-cluster --management-url https://rabbit.corp.internal:15671',
    },
  ],
  async run(call) {
    const { options, args } = call
    const change = {
      resourceServerId: options.id,
      version: options.version,
      tokenTtlSeconds: secondsOf('token-ttl', options['token-ttl']),
      managementUrl: options['management-url'] === '' ? null : options['management-url'],
      description: options.description,
    }
    if (Object.values(change).every((value) => value === undefined)) throw new UsageError('there is nothing to change')
    const path = `/rabbitmq/brokers/${segment(args.name)}`
    const broker = await withApi(call, (api) => api.send<BrokerWire>('PATCH', path, change))
    return { data: broker, text: `Changed broker ${broker.name}` }
  },
})

const remove = defineCommand({
  name: 'remove',
  summary: 'Forget a broker: no more tokens for it',
  args: { name },
  options: {},
  examples: [{ says: 'Forget a cluster', line: 'leveret broker remove old-cluster' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/rabbitmq/brokers/${segment(call.args.name)}`))
    return { data: { name: call.args.name }, text: `Removed broker ${call.args.name}` }
  },
})

const config = defineCommand({
  name: 'config',
  summary: 'Print the rabbitmq.conf with which the broker takes our tokens',
  about: `The output is a rabbitmq.conf as it is. What else the broker needs (enabled_plugins, on some versions advanced.config)
    and what to know stands below it in comments; --only prints one file alone.`,
  args: { name },
  options: {
    'broker-version': { ...brokerVersion, help: 'For this RabbitMQ version (default: the registered one)' },
    'ca-file': {
      type: 'string',
      value: 'PATH',
      help: 'Our certificate authority, as a path on the machine of the broker',
    },
    passwords: {
      type: 'string',
      choices: ['also', 'only'],
      help: 'User names and passwords through the HTTP auth backend, beside tokens or instead of them',
    },
    'ui-client': {
      type: 'string',
      value: 'ID',
      help: 'Client as which the management UI lets people log in, from 4.0 on',
    },
    'internal-users': { type: 'boolean', help: 'Keep the users that the broker itself knows' },
    only: {
      type: 'string',
      choices: ['rabbitmq.conf', 'advanced.config', 'enabled_plugins'],
      help: 'Print this file alone; advanced.config is empty where none is needed',
    },
  },
  examples: [
    { says: 'Configure a broker', line: 'leveret broker config prod-cluster > /etc/rabbitmq/conf.d/50-leveret.conf' },
    {
      says: 'With a private certificate authority and password logins beside tokens',
      line: 'leveret broker config prod-cluster --ca-file /etc/rabbitmq/leveret-ca.pem --passwords also',
    },
    { says: 'What changes with an upgrade', line: 'leveret broker config prod-cluster --broker-version 4.3' },
  ],
  async run(call) {
    const path = `/rabbitmq/brokers/${segment(call.args.name)}/config`
    const query = {
      version: call.options['broker-version'],
      caFile: call.options['ca-file'],
      passwords: call.options.passwords,
      uiClient: call.options['ui-client'],
      internalUsers: call.options['internal-users'] ? 'true' : undefined,
    }
    const answer = await withApi(call, (api) => api.get<BrokerConfigWire>(path, query))
    return { data: answer, text: configText(answer, call.options.only) }
  },
})

const doctor = defineCommand({
  name: 'doctor',
  summary: 'Say whether a broker would take a token, and if not why, in its own words',
  about: `Checks size, key, algorithm, audience, scopes and times as the broker does. Exit code 1 when something is wrong. Take a
    file or "-" for the input rather than the token itself, which other users of the machine could see.`,
  args: { name },
  options: {
    token: {
      type: 'string',
      value: 'FILE',
      required: true,
      help: 'File that holds the token, "-" for the input, or the token',
    },
    vhost: { type: 'string', value: 'VHOST', help: 'Vhost to open with it (default: that of the token)' },
    previous: { type: 'string', value: 'FILE', help: 'The token of the open connection that this one is to refresh' },
  },
  examples: [
    { says: 'A token in a file', line: 'leveret broker doctor prod-cluster --token /run/app/token' },
    {
      says: 'A fresh one',
      line: 'leveret token get --user alice --vhost prod | leveret broker doctor prod-cluster --token - --vhost prod',
    },
  ],
  async run(call) {
    const { token, vhost, previous } = call.options
    const body = {
      token: await tokenFrom(call, token),
      vhost,
      previous: previous === undefined ? undefined : await tokenFrom(call, previous),
    }
    const path = `/rabbitmq/brokers/${segment(call.args.name)}/doctor`
    const answer = await withApi(call, (api) => api.send<DiagnosisWire>('POST', path, body))
    const verdicts = {
      good: 'The broker takes this token.',
      bad: 'The broker would not take this token as it is meant.',
    }
    return { data: answer, text: describeDiagnosis(answer, verdicts), ok: isHealthy(answer) }
  },
})

export const broker: CommandGroup = {
  name: 'broker',
  summary: 'RabbitMQ brokers: register, configure, diagnose',
  commands: [add, list, show, update, remove, config, doctor],
}

function configText(answer: BrokerConfigWire, only: string | undefined): string {
  const advanced = answer['advanced.config'] ?? ''
  if (only === 'rabbitmq.conf') return answer['rabbitmq.conf']
  if (only === 'advanced.config') return advanced
  if (only === 'enabled_plugins') return answer.enabledPlugins
  const others = [
    `enabled_plugins:\n\n${answer.enabledPlugins}`,
    ...(advanced === '' ? [] : [`advanced.config:\n\n${advanced}`]),
  ]
  const comments = [...others, ...answer.notes].map((each) =>
    each
      .trimEnd()
      .replace(/^(?=.)/gm, '# ')
      .replace(/^$/gm, '#'),
  )
  return [answer['rabbitmq.conf'].trimEnd(), ...comments].join('\n\n')
}

async function tokenFrom({ io }: Pick<Call, 'io'>, place: string): Promise<string> {
  if (/^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(place)) return place
  if (place === '-') return (await io.input.all()).trim()
  const file = Bun.file(place)
  if (!(await file.exists())) throw new CommandError(`there is no file ${place}, and it is no token either`)
  return (await file.text()).trim()
}
