/** The clients that the configuration names, with their secrets, in the domain's own terms. */
import type { Environment } from './config/environment.ts'
import { ConfigError, type Fault } from './config/fault.ts'
import type { Config } from './config/schema.ts'
import { readSecret } from './config/secret.ts'
import type { ConfiguredClient } from './core/clients/clients.ts'
import { configuredClientFaults } from './core/clients/configured-clients.ts'
import { Problem } from './core/problem.ts'

const WHERE = 'the configuration'

/** Throws a `ConfigError` with everything that is wrong with them whatever is stored. */
export async function clientsOf({ clients }: Pick<Config, 'clients'>, env: Environment): Promise<ConfiguredClient[]> {
  const faults: Fault[] = []
  const all = await Promise.all(
    clients.map(async ({ secret, ...rest }, index) => {
      const path = `clients[${index}]`
      try {
        const client =
          secret === undefined ? rest : { ...rest, secret: await readSecret(secret, `${path}.secret`, env) }
        for (const fault of configuredClientFaults(client)) faults.push(inFile(fault, index))
        return client
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        faults.push(...error.faults)
        return rest
      }
    }),
  )
  if (faults.length > 0) throw new ConfigError(WHERE, faults)
  return all
}

/** What the domain refused of the list, where it stands in the file. */
export function asConfigError(cause: Problem): ConfigError {
  const faults = (cause.faults ?? []).map(({ path, message }) => {
    const [, index = '0', ...rest] = path.split('/')
    return inFile({ path: `/${rest.join('/')}`, message }, Number(index))
  })
  return new ConfigError(WHERE, faults.length > 0 ? faults : [{ path: 'clients', message: cause.detail }], { cause })
}

/** `/redirectUris/1` of the third client as people write it: `clients[2].redirectUris[1]`. */
function inFile({ path, message }: Fault, index: number): Fault {
  const place = path.replace(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')
  return { path: `clients[${index}]${place}`, message }
}
