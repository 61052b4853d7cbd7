/** The API description drawn for people: one page, no script, nothing loaded from anywhere. */
import type { ApiView } from './view.ts'

type Operation = ApiView['paths'][string][string]
interface Placed {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly description?: string
}

export function ApiPage({ api, style }: { api: ApiView; style: string }) {
  const { info, servers, paths } = api
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Placed => ({ path, method: method.toUpperCase(), operation })),
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  const base = servers[0]?.url ?? ''
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{`${info.title} API`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="stylesheet" href={style} />
      </head>
      <body>
        <main>
          <h1>
            {info.title} {info.version}
          </h1>
          <p>{info.description}</p>
          <p>
            Base URL <code>{base}</code>. For programs: <code>{`${base}/openapi/json`}</code>.
          </p>
          {[...groups].map(([name, members]) => (
            <>
              <h2>{name}</h2>
              {members.map((member) => (
                <Section base={base} {...member} />
              ))}
            </>
          ))}
        </main>
      </body>
    </html>
  )
}

function Section({ base, path, method, operation }: Placed & { base: string }) {
  const [media, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const answer = Object.values(operation.responses)[0]?.content?.['application/json']
  return (
    <details>
      <summary>
        <span class="method">{method}</span>
        <code>{path}</code> {operation.summary}
      </summary>
      <p class="who">{operation.description}</p>
      {operation.parameters?.map(({ name, in: place, required, description }) => (
        <p>
          <code>{name}</code> ({place}
          {required ? '' : ', optional'}) {description}
        </p>
      ))}
      {body && (
        <>
          <p>Body, {media}</p>
          <pre>{outline(body.schema as Schema)}</pre>
        </>
      )}
      {answer && (
        <>
          <p>Answer</p>
          <pre>{outline(answer.schema as Schema)}</pre>
        </>
      )}
      <p>Try</p>
      <pre>{curl(base + path, method, media, operation.security.length > 0)}</pre>
    </details>
  )
}

function curl(url: string, method: string, media: string | undefined, token: boolean): string {
  const parts = [`curl -X ${method} '${url}'`]
  if (token) parts.push(`-H "Authorization: Bearer $TOKEN"`)
  if (media) parts.push(`-H 'Content-Type: ${media}'`, `-d '…'`)
  return parts.join(' \\\n  ')
}

/** A schema as the shape of its values. */
function outline(schema: Schema, indent = ''): string {
  if (schema.anyOf) return schema.anyOf.map((choice) => outline(choice, indent)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.items) return `[ ${outline(schema.items, indent)} ]`
  if (!schema.properties) return schema.type ?? 'any value'
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const mark = schema.required?.includes(name) ? '' : '?'
    const note = property.description === undefined ? '' : `  // ${property.description}`
    return `${inner}${name}${mark}: ${outline(property, inner)}${note}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}
