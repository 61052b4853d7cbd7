/** The API description (OpenAPI 3.1), made from the table of endpoints when somebody asks for it. */
import type { TSchema } from '@sinclair/typebox'
import type { Access, Endpoint } from './endpoint.ts'

/** As much of OpenAPI 3.1 as is written here. */
export interface ApiDescription {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, unknown>>
}
export interface Operation {
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
}
type Content = Readonly<Record<string, { readonly schema: unknown }>>
interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: unknown
  readonly description?: string
}

const WHO: Readonly<Record<Access, string>> = {
  public: 'For everybody.',
  user: 'For the holder of an identity token.',
  admin: 'For administrators.',
  broker: 'For brokers.',
  operator: 'Over the control socket only.',
}
const MEDIA = {
  json: 'application/json',
  'merge-patch': 'application/merge-patch+json',
  form: 'application/x-www-form-urlencoded',
  parameters: 'application/x-www-form-urlencoded',
} as const
const PROBLEM = { $ref: '#/components/schemas/Problem' }

export function describeApi(endpoints: readonly Endpoint[], url: string, version: string): ApiDescription {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const endpoint of endpoints) {
    const path = publicPath(endpoint.path)
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Leveret', version, description: 'Who is this, what may they do, and the proof for the broker.' },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: { identityToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema },
    },
  }
}

function publicPath(path: string): string {
  return path.replace(/\/:([A-Za-z]+)/g, '/{$1}')
}

function operation(endpoint: Endpoint): Operation {
  const { summary, access, body, bodyOptional, answer, takes = 'json' } = endpoint
  const parameters = [...pathParameters(endpoint), ...queryParameters(endpoint.query)]
  const success = answer ? String(endpoint.status ?? 200) : endpoint.method === 'GET' ? '200' : '2XX'
  return {
    summary,
    description: WHO[access],
    tags: [endpoint.path.split('/').slice(1, 3).join('/').replace(/\/:.*/, '')],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: !bodyOptional, content: { [MEDIA[takes]]: { schema: body } } } }),
    responses: {
      [success]: { description: 'Done', ...(answer && { content: { 'application/json': { schema: answer } } }) },
      default: { description: 'Refused', content: { 'application/problem+json': { schema: PROBLEM } } },
    },
    security: access === 'user' || access === 'admin' ? [{ identityToken: [] }] : [],
  }
}

function pathParameters({ path }: Endpoint): Parameter[] {
  return [...publicPath(path).matchAll(/\{([A-Za-z]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: TSchema | undefined): Parameter[] {
  const required: readonly string[] = query?.['required'] ?? []
  return Object.entries<TSchema>(query?.['properties'] ?? {}).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
    ...(description !== undefined && { description }),
  }))
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; what programs should look at' },
    detail: { type: 'string' },
    faults: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
    request_id: { type: 'string' },
  },
}
