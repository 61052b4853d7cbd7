/** Request bodies and queries: the right media type, no more than the limit, parsed once. */
import type { TSchema } from '@sinclair/typebox'
import { type Parameters, readParameters, readRepeatedParameters } from '../core/oauth/parameters.ts'
import { Problem } from '../core/problem.ts'
import type { Endpoint } from './endpoint.ts'

const MEDIA_TYPES = {
  json: ['application/json'],
  'merge-patch': ['application/merge-patch+json', 'application/json'],
  form: ['application/x-www-form-urlencoded'],
  parameters: ['application/x-www-form-urlencoded'],
} as const

/** Reads the body as the endpoint wants it; `undefined` for an empty one that may be left out. */
export async function readBody(request: Request, endpoint: Endpoint, limit: number): Promise<unknown> {
  const text = await readText(request, endpoint, limit)
  if (text === undefined) return undefined
  return endpoint.takes === 'form' ? parseForm(text) : parseJson(text)
}

/** Parameters of the query of a GET, of the form otherwise (RFC 6749 appendix B). */
export async function readOAuthParameters(request: Request, endpoint: Endpoint, limit: number): Promise<Parameters> {
  if (endpoint.takes !== 'parameters') return NONE
  const read = endpoint.toleratesRepeats ? readRepeatedParameters : readParameters
  if (request.method === 'GET') return read(new URL(request.url).searchParams)
  return read(new URLSearchParams(await readText(request, endpoint, limit)))
}

const NONE = readParameters([])

async function readText(request: Request, endpoint: Endpoint, limit: number): Promise<string | undefined> {
  const takes = endpoint.takes ?? 'json'
  const accepted: readonly string[] = MEDIA_TYPES[takes]
  const type = mediaType(request.headers.get('content-type'))
  const text = await request.text()
  if (text === '' && endpoint.bodyOptional) return undefined
  if (type === undefined || !accepted.includes(type))
    throw new Problem('unsupported_media_type', `Send the body as ${accepted.join(' or ')}`)
  if (text.length > limit) throw tooLarge(limit)
  return text
}

export function tooLarge(limit: number): Problem {
  return new Problem('too_large', `The body is larger than ${limit} bytes`)
}

function mediaType(header: string | null): string | undefined {
  return header?.split(';', 1)[0]?.trim().toLowerCase()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 100) : 'unreadable'
    throw new Problem('invalid_request', `The body is not JSON (${reason})`, { cause })
  }
}

function parseForm(text: string): Record<string, string> {
  return single(new URLSearchParams(text), 'body')
}

function single(pairs: URLSearchParams, where: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) {
    if (name in values)
      throw new Problem('invalid_request', `A parameter of the ${where} is given twice`, {
        faults: [{ path: `/${name.slice(0, 64)}`, message: 'Expected to be given once' }],
      })
    values[name] = value
  }
  return values
}

/** The query with integers and booleans in their own types, ready to be checked. */
export function readQuery(url: string, schema: TSchema): Record<string, unknown> {
  const start = url.indexOf('?')
  if (start < 0) return {}
  const values: Record<string, unknown> = single(new URLSearchParams(url.slice(start)), 'query')
  for (const [name, property] of Object.entries<TSchema>(schema['properties'])) {
    const value = values[name]
    if (typeof value !== 'string') continue
    if (property['type'] === 'integer' && /^-?\d{1,15}$/.test(value)) values[name] = Number(value)
    if (property['type'] === 'boolean' && (value === 'true' || value === 'false')) values[name] = value === 'true'
  }
  return values
}
