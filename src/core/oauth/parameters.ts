/** Parameters of an OAuth request, from a query or a form. */
import { OAuthError } from './oauth-error.ts'

/**
 * What RFC 6749 section 3 says of every request: a parameter without a value counts as left out, an unknown one is
 * ignored, and none is given twice, except where a later RFC says so.
 */
export interface Parameters {
  /** The value; `undefined` if left out or empty. */
  get(name: string): string | undefined
  /** Throws `invalid_request` if it was left out. */
  need(name: string): string
  /** Every value of a parameter that may repeat: `resource` (RFC 8707), `audience` (RFC 8693). */
  all(name: string): readonly string[]
  /** Everything that was sent and not empty. */
  pairs(): readonly (readonly [string, string])[]
  /** Names of parameters that were given twice and must not be; the first value counts. */
  readonly repeated: readonly string[]
}

const NOTHING: readonly string[] = []
const MAY_REPEAT: ReadonlySet<string> = new Set(['resource', 'audience'])

/** Throws `invalid_request` for a parameter that is given twice. */
export function readParameters(pairs: Iterable<readonly [string, string]>): Parameters {
  const parameters = readRepeatedParameters(pairs)
  const [name] = parameters.repeated
  if (name !== undefined) throw new OAuthError('invalid_request', `The parameter ${name.slice(0, 64)} is given twice`)
  return parameters
}

/** For who has to find out first whom to tell of a parameter that is given twice. */
export function readRepeatedParameters(pairs: Iterable<readonly [string, string]>): Parameters {
  const values = new Map<string, string[]>()
  const repeated: string[] = []
  for (const [name, value] of pairs) {
    const known = values.get(name)
    if (!known) values.set(name, value === '' ? [] : [value])
    else {
      if (!MAY_REPEAT.has(name) && !repeated.includes(name)) repeated.push(name)
      if (value !== '') known.push(value)
    }
  }
  const present = (name: string): readonly string[] => values.get(name) ?? NOTHING
  return {
    get: (name) => present(name)[0],
    need(name) {
      const [value] = present(name)
      if (value === undefined) throw new OAuthError('invalid_request', `The parameter ${name} is missing`)
      return value
    },
    all: present,
    pairs: () => [...values.keys()].flatMap((name) => present(name).map((value) => [name, value] as const)),
    repeated,
  }
}

/** Space-separated words, each once, in their order (RFC 6749 section 3.3). */
export function words(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  return [...new Set(text.split(' ').filter((word) => word !== ''))]
}
