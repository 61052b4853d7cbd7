/** A configuration as it may be shown: what looks like a secret in a plugin's section is hidden. */
import { isSecretRef } from './secret.ts'
import { type Config, ConfigSchema } from './schema.ts'
import { formatDuration, formatSize } from './units.ts'
import type { TSchema } from '@sinclair/typebox'

const SUSPICIOUS = /pass|secret|token|credential|private|apikey|key$/i
const HIDDEN = '(hidden)'

/** Durations and sizes as text again; references to secrets stay, for they say only where the secret is. */
export function redacted(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, show(ConfigSchema.properties[key as keyof Config], value, key)]),
  )
}

function show(schema: TSchema | undefined, value: unknown, key: string): unknown {
  if (isSecretRef(value)) return value
  if (typeof value === 'number' && schema?.shape === 'duration') return formatDuration(value)
  if (typeof value === 'number' && schema?.shape === 'size') return formatSize(value)
  if (typeof value === 'string') return schema === undefined ? hide(key, value) : value
  if (Array.isArray(value)) return value.map((each: unknown) => show(schema?.['items'], each, key))
  if (typeof value !== 'object' || value === null) return value
  const properties: Record<string, TSchema> = schema?.['properties'] ?? {}
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, show(properties[name], each, name)]))
}

/** Only the schemas of plugins could tell for sure; a name or a URL with a password in it is enough to hide. */
function hide(key: string, value: string): string {
  if (SUSPICIOUS.test(key)) return HIDDEN
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#@]*@/i, `$1:${HIDDEN}@`)
}
