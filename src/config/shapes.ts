/** The kinds of value a configuration key can have beyond plain ones. */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'
import { DURATION_PATTERN, formatDuration, formatSize, parseDuration, parseSize, SIZE_PATTERN } from './units.ts'

declare module '@sinclair/typebox' {
  interface SchemaOptions {
    /** What would be right, in words; completes "must be …". */
    expect?: string
    /** The type as the manual names it. */
    shape?: string
    /** Relative values start at the folder of the configuration file. */
    isPath?: boolean
  }
}

interface Described {
  readonly description: string
  readonly default?: string
}

/** A duration: text in the file, milliseconds in the program. */
export function duration(options: Described) {
  const schema = t.String({
    ...options,
    pattern: DURATION_PATTERN,
    shape: 'duration',
    expect: 'a duration such as "5m", "24h" or "30d"',
  })
  return t
    .Transform(schema)
    .Decode((text) => parseDuration(text) ?? 0)
    .Encode(formatDuration)
}

/** An amount of data: text in the file, bytes in the program. */
export function size(options: Described) {
  const schema = t.String({
    ...options,
    pattern: SIZE_PATTERN,
    shape: 'size',
    expect: 'a size such as "64KiB" or "1MiB"',
  })
  return t
    .Transform(schema)
    .Decode((text) => parseSize(text) ?? 0)
    .Encode(formatSize)
}

export function path(options: Described) {
  return t.String({ ...options, minLength: 1, shape: 'path', isPath: true, expect: 'a path' })
}

/** One of a few words. */
export function word<const W extends readonly string[]>(
  words: W,
  options: Described & { readonly default?: W[number] },
) {
  const expect = `one of ${words.map((each) => `"${each}"`).join(', ')}`
  return t.Unsafe<W[number]>(
    t.Union(
      words.map((each) => t.Literal(each)),
      { ...options, expect, shape: words.map((each) => `"${each}"`).join(' or ') },
    ),
  )
}

/** A regular expression that the whole value has to match. */
export function regex(options: Described) {
  return t.String({ ...options, shape: 'regular expression', format: 'leveret:regex', expect: 'a regular expression' })
}

export function networks(options: { readonly description: string }) {
  const each = t.String({ format: 'leveret:network', expect: 'an address or network such as "10.0.0.0/8" or "::1"' })
  return t.Array(each, { ...options, default: [], shape: 'list of networks', expect: 'a list of networks' })
}

/** A secret is never in the file, only where to find it. */
export const SecretRef = t.Union(
  [
    t.Object({ env: t.String({ minLength: 1 }) }, { additionalProperties: false }),
    t.Object({ file: t.String({ minLength: 1, isPath: true }) }, { additionalProperties: false }),
  ],
  {
    shape: 'secret',
    expect: 'the place of a secret, never the secret itself: { file = "/path" } or { env = "NAME" }',
  },
)
export type SecretRef = Static<typeof SecretRef>

export function secret(options: { readonly description: string }) {
  return t.Union(SecretRef.anyOf, { ...SecretRef, ...options })
}

/** A table that takes no other keys than these and may be left out. */
export function section<P extends Record<string, TSchema>>(description: string, properties: P) {
  return t.Object(properties, { default: {}, additionalProperties: false, description, expect: 'a table' })
}
