/** `leveret config`: check, explain, show and reload the configuration. */
import { clientsOf } from '../clients-of-config.ts'
import { ConfigError } from '../config/fault.ts'
import { configReference } from '../config/reference.ts'
import { redacted } from '../config/redact.ts'
import { toToml } from '../config/toml.ts'
import { type CommandGroup, CommandError, defineCommand } from './command.ts'
import { configOf, configSource, readAnswer, runningServer } from './client.ts'

const check = defineCommand({
  name: 'check',
  summary: 'Read the configuration and report every fault; start nothing',
  about: `The master key, the sections of plugins, the secrets they name and the templates of pages are looked at, too; plugins
    that are not built in are loaded in a process of their own. What only the running server can know is left to
    "leveret doctor".`,
  args: {},
  options: {},
  examples: [
    { says: 'Before a restart', line: 'leveret config check --config /etc/leveret/leveret.toml' },
    { says: 'The faults for a program', line: 'leveret config check --json' },
  ],
  async run({ common, io }) {
    const { config, warnings } = await configOf(common, io)
    const source = await configSource(common, io)
    const { BUILTIN_PLUGINS, checkSections, openPages, readMasterKey } = await import('../server.ts')
    const faults = [
      ...(await faultsOf(() => readMasterKey(config, io.env))),
      ...(await checkSections(config, { builtin: BUILTIN_PLUGINS, env: io.env })),
      ...(await faultsOf(() => openPages(config))),
      ...(await faultsOf(() => clientsOf(config, io.env))),
    ]
    if (faults.length > 0) throw new ConfigError(source.file ?? 'the environment', faults)
    const where = source.file ?? 'The environment'
    const sources = config.login.map(({ id }) => id).join(', ')
    const text = `${where} is valid: storage "${config.storage.type}", login sources ${sources}`
    return { data: { valid: true, file: source.file ?? null, warnings }, text }
  },
})

/** What keeps this from being opened, as faults of the configuration. */
async function faultsOf(open: () => Promise<unknown>): Promise<ConfigError['faults']> {
  try {
    await open()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const reference = defineCommand({
  name: 'reference',
  summary: 'Print the manual page of the configuration, in Markdown',
  args: {},
  options: {},
  examples: [{ says: 'Every key, its type, default and environment variable', line: 'leveret config reference' }],
  async run() {
    const markdown = configReference()
    return { data: { markdown }, text: markdown }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Print the configuration in force: file, environment and defaults together',
  about: 'Secrets are shown by where they are, never by what they are.',
  args: {},
  options: {},
  examples: [{ says: 'What counts after defaults and environment', line: 'leveret config show --json' }],
  async run({ common, io }) {
    const { config } = await configOf(common, io)
    const shown = redacted(config)
    return { data: shown, text: toToml(shown) }
  },
})

const reload = defineCommand({
  name: 'reload',
  summary: 'Let the running server read its configuration anew',
  about: `The server checks the new configuration first. If something is wrong it keeps the old one and this command prints why.
    SIGHUP does the same and writes the reason to the log.`,
  args: {},
  options: {},
  examples: [{ says: 'After a change', line: 'leveret config check && leveret config reload' }],
  async run({ common, io }) {
    const { config } = await configOf(common, io)
    const send = await runningServer(config)
    if (send === undefined) throw new CommandError(`no server runs on ${config.dataDir}`)
    await readAnswer(await send(new Request('http://localhost/control/reload', { method: 'POST' })))
    return { data: { reloaded: true }, text: 'The server has taken the new configuration' }
  },
})

export const config: CommandGroup = {
  name: 'config',
  summary: 'The configuration: check, explain, show, reload',
  commands: [check, reference, show, reload],
}
