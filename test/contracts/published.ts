/** What is published of the contracts, by path in the repository, as the sources say it. */
import { publishedManifest } from '../../src/host/manifest.ts'
import { publishedSchemas } from '../../src/host/process/messages.ts'

export async function published(): Promise<Readonly<Record<string, string>>> {
  const schemas = { ...publishedSchemas(), 'manifest.json': publishedManifest() }
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      `plugins/protocol/${name}`,
      `${JSON.stringify(schema, null, 2)}\n`,
    ]),
  )
}
