/** `leveret doctor`: looks at configuration, machine and server, and says what it sees and why something is wrong. */
import { ConfigError } from '../config/fault.ts'
import type { Config } from '../config/schema.ts'
import { loadConfig } from '../config/load.ts'
import { checkup, fault, ok, reasonOf } from './checkup.ts'
import { type Api, configSource, connect, Refusal, runningServer } from './client.ts'
import { type Call, defineCommand, type Report, UsageError } from './command.ts'
import { examineSource } from './source-diagnosis.ts'
import { describeDiagnosis, type Finding, isHealthy } from './diagnosis.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Look at the configuration, this machine and the server, and say what is wrong',
  about: `Checks the configuration, modes of files, the master key, the certificate, addresses, proxies, the clock, and, in the
    running server or by opening it here, the storage, the keys and the login sources. Changes nothing. Exit code 1 when
    something is wrong. With the id of a login source it goes the way of one login through it instead, and shows each step and
    query with its time. For a token that a broker refuses: leveret broker doctor.`,
  args: { source: { help: 'Id of a login source, such as that of an LDAP directory', optional: true } },
  options: {
    user: { type: 'string', value: 'NAME', help: 'Whose login to go through; with a login source' },
    'password-file': { type: 'string', value: 'FILE', help: 'Try the password in this file (mode 600) as well' },
  },
  examples: [
    { says: 'How is alice found in the directory, and in which groups?', line: 'leveret doctor corp --user alice' },
    { says: 'Is everything in order?', line: 'leveret doctor' },
    { says: 'Faults only', line: "leveret doctor --json | jq '.findings[] | select(.ok | not)'" },
  ],
  run: (call) => {
    const { source } = call.args
    const { user, 'password-file': passwordFile } = call.options
    if (source !== undefined) return examineSource(call, { source, user, passwordFile })
    if (user !== undefined) throw new UsageError('--user goes with a login source: leveret doctor SOURCE --user NAME')
    return examine(call)
  },
})

async function examine({ common, io }: Pick<Call, 'common' | 'io'>): Promise<Report> {
  const source = await configSource(common, io)
  const loaded = await loadConfig(source).catch((error: unknown) => {
    if (error instanceof ConfigError) return error
    throw error
  })
  if (loaded instanceof ConfigError) {
    return reportOf(
      loaded.faults.map(({ path, message }) => fault('configuration', path === '' ? message : `${path}: ${message}`)),
    )
  }
  const { config, warnings } = loaded
  const running = (await runningServer(config)) !== undefined
  return reportOf([
    ok('configuration', `${source.file ?? 'The environment'} is valid`),
    ...warnings.map((warning) => fault('configuration', warning)),
    ...(await checkup({ config, env: io.env, now: io.now(), running })),
    running
      ? ok('server', 'It runs and answers on its control socket')
      : ok('server', 'None runs; it was opened here to look at it'),
    ...(await insideOf(config, io)),
  ])
}

function reportOf(findings: readonly Finding[]): Report {
  const verdicts = { good: 'Everything is in order.', bad: 'Something is wrong.' }
  return { data: { findings }, text: describeDiagnosis({ findings }, verdicts), ok: isHealthy({ findings }) }
}

interface ReadyWire {
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[]
}

/** Storage, keys and login sources as the server sees them. */
async function insideOf(config: Config, io: Call['io']): Promise<Finding[]> {
  try {
    await using api = await connect(config, io.env)
    const { checks } = await readiness(api)
    const rabbit = await brokersAndRules(api)
    return [
      ...checks.map(({ name, ok: fine, detail }) => ({
        rule: name,
        ok: fine,
        text: detail ?? (fine ? 'usable' : 'not usable'),
      })),
      ...rabbit,
    ]
  } catch (error) {
    return [fault('server', `It cannot be opened: ${reasonOf(error)}`)]
  }
}

/** Not ready is an answer too. */
async function readiness(api: Api): Promise<ReadyWire> {
  try {
    return await api.get<ReadyWire>('/readyz')
  } catch (error) {
    if (error instanceof Refusal && error.body !== undefined) return error.body as ReadyWire // our own server's answer
    throw error
  }
}

async function brokersAndRules(api: Api): Promise<Finding[]> {
  const brokers = await api.list<{ readonly name: string; readonly version: string }>('/rabbitmq/brokers')
  const rules = await api.list<unknown>('/rabbitmq/rules')
  if (brokers.length === 0)
    return [fault('rabbitmq', 'There are no brokers, so there are no tokens: leveret broker add')]
  if (rules.length === 0) return [fault('rabbitmq', 'There are no rules, so nobody gets a token: leveret rule add')]
  const names = brokers.map(({ name, version }) => `${name} (${version})`).join(', ')
  return [ok('rabbitmq', `Brokers ${names}; ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`)]
}
