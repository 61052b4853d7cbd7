/** What is published of the contracts, by path in the repository, as the sources say it. */
import { publishedManifest } from '../../src/host/manifest.ts'
import { publishedSchemas } from '../../src/host/process/messages.ts'
import { contractDeclarations } from './declarations.ts'

/** Text, so that it does not take part in the compilation of what it describes. */
export const DECLARATIONS = 'plugins/templates/leveret-plugin.d.ts.txt'

export async function published(): Promise<Readonly<Record<string, string>>> {
  const schemas = { ...publishedSchemas(), 'manifest.json': publishedManifest() }
  const protocol = Object.entries(schemas).map(([name, schema]) => [
    `plugins/protocol/${name}`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ])
  return { ...Object.fromEntries(protocol), [DECLARATIONS]: await contractDeclarations() }
}
