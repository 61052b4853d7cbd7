/** The API description drawn for people: one page, no script, nothing loaded from anywhere. */
import { type Html, html } from './html.ts'

/** The part of an OpenAPI description that is drawn. */
interface Described {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
interface Operation {
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  readonly security: readonly unknown[]
}
type Content = Readonly<Record<string, { readonly schema: unknown }>>
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly description?: string
  readonly $ref?: string
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; }
details { margin: .4rem 0; border: 1px solid #8886; border-radius: .4rem; padding: .4rem .8rem; }
summary { cursor: pointer; }
code, pre { font: .9rem ui-monospace, monospace; }
pre { overflow-x: auto; background: #8882; padding: .6rem; border-radius: .4rem; }
.method { display: inline-block; min-width: 4.5rem; font-weight: bold; }
.who { opacity: .7; }
`

export function openapiPage(api: Described): { readonly html: string; readonly policy: string } {
  const digest = new Bun.CryptoHasher('sha256').update(STYLE).digest('base64')
  return {
    html: `<!doctype html>${page(api).html}`,
    policy: `default-src 'none'; style-src 'sha256-${digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  }
}

function page({ info, servers, paths }: Described): Html {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  const base = servers[0]?.url ?? ''
  return html`<html lang="en"><head><meta charset="utf-8"><title>${info.title} API</title>
<meta name="viewport" content="width=device-width"><style>${{ html: STYLE }}</style></head><body>
<h1>${info.title} ${info.version}</h1><p>${info.description}</p>
<p>Base URL <code>${base}</code>. For programs: <code>${base}/openapi/json</code>.</p>
${[...groups].map(
  ([name, members]) =>
    html`<h2>${name}</h2>${members.map(({ path, method, operation }) => section(base + path, path, method, operation))}`,
)}
</body></html>`
}

function section(url: string, path: string, method: string, operation: Operation): Html {
  const [media, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const answer = Object.values(operation.responses)[0]?.content?.['application/json']
  return html`<details><summary><span class="method">${method}</span><code>${path}</code> ${operation.summary}</summary>
<p class="who">${operation.description}</p>
${operation.parameters?.map(
  ({ name, required, description, ...parameter }) =>
    html`<p><code>${name}</code> (${parameter.in}${required ? '' : ', optional'}) ${description}</p>`,
)}
${body && html`<p>Body, ${media}</p><pre>${outline(body.schema as Schema)}</pre>`}
${answer && html`<p>Answer</p><pre>${outline(answer.schema as Schema)}</pre>`}
<p>Try</p><pre>${curl(url, method, media, operation.security.length > 0)}</pre></details>`
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
