/** `leveret rule`: who may do what in which vhosts. */
import { type CommandGroup, defineCommand, UsageError } from './command.ts'
import { segment, withApi } from './client.ts'
import { describeExplanation, type ExplanationWire } from './explanation.ts'
import { fields, table } from './table.ts'

export interface RuleWire {
  readonly id: string
  readonly subjectKind: string
  readonly subject: string
  readonly vhost: string
  readonly broker: string | null
  readonly configure: readonly string[]
  readonly write: readonly string[]
  readonly read: readonly string[]
  readonly tags: readonly string[]
  readonly preset: string | null
  readonly note: string
}

const id = { help: 'Rule id, as "leveret rule list" prints it' } as const
const pattern = { type: 'string', value: 'PATTERN', multiple: true } as const

const add = defineCommand({
  name: 'add',
  summary: 'Give somebody rights in a vhost',
  about: `Patterns are names of queues and exchanges in which * stands for anything; "name/key" also looks at the routing key of
    topic exchanges. To publish to a queue by its name takes write on "amq.default".

    Presets: "producer" publishes, "consumer" declares, binds and consumes, "owner" does everything, "monitoring" looks at
    every vhost in the management UI. A preset is about all names, or with --prefix about those that begin so.`,
  args: {},
  options: {
    user: { type: 'string', value: 'NAME', help: 'The rule is for this user' },
    group: { type: 'string', value: 'NAME', help: 'The rule is for members of this group' },
    role: { type: 'string', value: 'NAME', help: 'The rule is for holders of this role' },
    client: { type: 'string', value: 'ID', help: 'The rule is for this client' },
    vhost: { type: 'string', value: 'VHOST', required: true, help: 'Vhost, or a pattern with * for several' },
    broker: { type: 'string', value: 'NAME', help: 'Only on this broker (default: on every broker)' },
    configure: { ...pattern, help: 'May declare and delete what matches' },
    write: { ...pattern, help: 'May publish to and bind what matches' },
    read: { ...pattern, help: 'May consume from what matches' },
    tag: { type: 'string', value: 'TAG', multiple: true, help: 'Management tag, such as management' },
    preset: {
      type: 'string',
      choices: ['producer', 'consumer', 'owner', 'monitoring'],
      help: 'Fill in the patterns and tags that are not given',
    },
    prefix: { type: 'string', value: 'TEXT', help: 'The preset is about names that begin so' },
    note: { type: 'string', value: 'TEXT', help: 'Why the rule is there' },
  },
  examples: [
    {
      says: 'The billing group owns what is called billing-something, and sees the management UI',
      line: "leveret rule add --group billing --vhost prod --configure 'billing-*' --write 'billing-*' --read '*' --tag management",
    },
    {
      says: 'A service that publishes, by preset',
      line: 'leveret rule add --user invoicer --vhost prod --preset producer --prefix invoices.',
    },
    { says: 'A monitoring user', line: "leveret rule add --user grafana --vhost '*' --preset monitoring" },
  ],
  async run(call) {
    const { configure, write, read, tag, vhost, broker, preset, prefix, note } = call.options
    const given = { configure: some(configure), write: some(write), read: some(read), tags: some(tag) }
    if (preset === undefined && Object.values(given).every((each) => each === undefined)) {
      throw new UsageError('a rule gives something: --configure, --write, --read, --tag or --preset')
    }
    const body = { ...subjectOf(call.options), vhost, broker, ...given, preset, prefix, note }
    const rule = await withApi(call, (api) => api.send<RuleWire>('POST', '/rabbitmq/rules', body))
    return { data: rule, text: `Created rule ${rule.id}\n${describeRule(rule)}` }
  },
})

const list = defineCommand({
  name: 'list',
  summary: 'List rules',
  args: {},
  options: { vhost: { type: 'string', value: 'VHOST', help: 'Only rules written for this vhost or pattern' } },
  examples: [{ says: 'Every rule', line: 'leveret rule list' }],
  async run(call) {
    const all = await withApi(call, (api) => api.list<RuleWire>('/rabbitmq/rules'))
    const { vhost } = call.options
    const rules = vhost === undefined ? all : all.filter((rule) => rule.vhost === vhost)
    const rows = rules.map((rule) => [
      rule.id,
      `${rule.subjectKind} ${rule.subject}`,
      rule.vhost,
      rule.broker ?? '*',
      rule.configure.join(' ') || '-',
      rule.write.join(' ') || '-',
      rule.read.join(' ') || '-',
      rule.tags.join(' ') || '-',
    ])
    const headings = ['id', 'for', 'vhost', 'broker', 'configure', 'write', 'read', 'tags']
    return { data: rules, text: table(headings, rows, 'There are no rules: nobody gets a token') }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Show one rule',
  args: { id },
  options: {},
  examples: [{ says: 'One rule', line: 'leveret rule show r_91f0c2' }],
  async run(call) {
    const rule = await withApi(call, (api) => api.get<RuleWire>(`/rabbitmq/rules/${segment(call.args.id)}`))
    return { data: rule, text: describeRule(rule) }
  },
})

const remove = defineCommand({
  name: 'remove',
  summary: 'Delete a rule',
  about: 'Access tokens already handed out keep its rights until they expire, minutes later.',
  args: { id },
  options: {},
  examples: [{ says: 'Delete a rule', line: 'leveret rule remove r_91f0c2' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/rabbitmq/rules/${segment(call.args.id)}`))
    return { data: { id: call.args.id }, text: `Removed rule ${call.args.id}` }
  },
})

const explain = defineCommand({
  name: 'explain',
  summary: 'Say which rules give somebody what in a vhost, and what the broker will make of it',
  about: `With --action and --resource the broker's own matching is replayed. Exit code 1 when there is no right, so that scripts
    can ask.`,
  args: {},
  options: {
    user: { type: 'string', value: 'NAME', required: true, help: 'User' },
    vhost: { type: 'string', value: 'VHOST', required: true, help: 'One vhost' },
    broker: { type: 'string', value: 'NAME', help: 'Broker (default: the only one, or session.defaultBroker)' },
    action: { type: 'string', choices: ['configure', 'write', 'read'], help: 'What is tried' },
    resource: { type: 'string', value: 'RESOURCE', help: 'On what: queue:NAME or exchange:NAME' },
    'routing-key': { type: 'string', value: 'KEY', help: 'Routing key on a topic exchange' },
  },
  examples: [
    { says: 'What alice has in prod', line: 'leveret rule explain --user alice --vhost prod' },
    {
      says: 'May she publish to the queue orders?',
      line: 'leveret rule explain --user alice --vhost prod --action write --resource queue:orders',
    },
  ],
  async run(call) {
    const { user, vhost, broker, action, resource } = call.options
    if ((action === undefined) !== (resource === undefined)) throw new UsageError('--action and --resource go together')
    const query = { user, vhost, broker, action, resource, routingKey: call.options['routing-key'] }
    const answer = await withApi(call, (api) => api.get<ExplanationWire>('/rabbitmq/explain', query))
    return {
      data: answer,
      text: describeExplanation(answer, call.options),
      ok: answer.outcome?.allowed ?? answer.granted,
    }
  },
})

export const rule: CommandGroup = {
  name: 'rule',
  summary: 'Vhost rules: who may do what where',
  commands: [add, list, show, remove, explain],
}

export function describeRule(rule: RuleWire): string {
  return fields([
    ['for', `${rule.subjectKind} ${rule.subject}`],
    ['vhost', rule.vhost],
    ['broker', rule.broker ?? 'every broker'],
    ['configure', rule.configure.join(' ') || '-'],
    ['write', rule.write.join(' ') || '-'],
    ['read', rule.read.join(' ') || '-'],
    ['tags', rule.tags.join(' ') || '-'],
    ...(rule.note === '' ? [] : [['note', rule.note] as const]),
  ])
}

function some(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values
}

function subjectOf(options: Readonly<Record<'user' | 'group' | 'role' | 'client', string | undefined>>) {
  const given = (['user', 'group', 'role', 'client'] as const).filter((kind) => options[kind] !== undefined)
  const [subjectKind, ...more] = given
  if (subjectKind === undefined || more.length > 0) {
    throw new UsageError('say whom the rule is for: exactly one of --user, --group, --role, --client')
  }
  return { subjectKind, subject: options[subjectKind] }
}
