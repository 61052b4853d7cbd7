/** `leveret serve`: the server itself, until it is told to stop. */
import { availableParallelism } from 'node:os'
import type { Config } from '../config/schema.ts'
import { loadConfig } from '../config/load.ts'
import { CommandError, defineCommand } from './command.ts'
import { configOf, configSource, runningServer } from './client.ts'
import type { BuildInfo, Instance } from '../server.ts'
import { commit, version } from './version.ts'

export const serve = defineCommand({
  name: 'serve',
  summary: 'Run the server',
  about: `Runs until SIGTERM or SIGINT, then finishes what is under way and ends. SIGHUP reads the configuration anew: if something
    is wrong with it, the old one stays and the log says why. With [listen] processes it is several processes, led by this one.`,
  args: {},
  options: {},
  examples: [
    { says: 'With leveret.toml in this folder', line: 'leveret serve' },
    { says: 'With another configuration', line: 'leveret serve --config /etc/leveret/leveret.toml' },
    { says: 'After a change of the configuration', line: 'leveret config check && leveret config reload' },
  ],
  async run({ common, io }) {
    const source = await configSource(common, io)
    const { config } = await configOf(common, io)
    if (await runningServer(config)) throw new CommandError(`a server runs on ${config.dataDir} already`)
    const stop = Promise.withResolvers<void>()
    using _term = io.onSignal('SIGTERM', stop.resolve)
    using _int = io.onSignal('SIGINT', stop.resolve)
    const { openInstance } = await import('../server.ts')
    const readConfig = async () => (await loadConfig(source)).config
    const build = { version, commit }
    const team = await teamFor(config, build)
    await using instance = await openInstance(config, { env: io.env, readConfig, build, ...team?.options })
    using _hup = io.onSignal('SIGHUP', () => void reload(instance, readConfig))
    const { urls } = await instance.listen()
    try {
      await Promise.race([team?.start(instance, config, urls), stop.promise])
      for (const url of urls) io.out(`Listening on ${url}\n`)
      await stop.promise
    } finally {
      await Promise.all([team?.stop(), instance.drain()])
    }
    return undefined
  },
})

/** The further processes, if the server is to have any; one process alone loads nothing of them. */
export async function teamFor(config: Config, build: BuildInfo) {
  const { processes } = config.listen
  const size = processes === 'auto' ? availableParallelism() : processes
  return size > 1 ? (await import('../processes/team.ts')).createTeam(size, build) : undefined
}

/** Any failure leaves the server as it is. */
async function reload(instance: Instance, readConfig: () => Promise<Config>): Promise<void> {
  try {
    await instance.reload(await readConfig())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    instance.log.error('configuration not reloaded, the old one stays', { reason })
  }
}
