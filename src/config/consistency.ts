/** What the schema cannot say because it concerns several keys. */
import type { Fault } from './fault.ts'
import { isLoopback } from './formats.ts'
import type { Config } from './schema.ts'
import { formatDuration } from './units.ts'

/** Between two rounds through all users of a directory. */
const SHORTEST_ROUND = 30_000

interface Rule {
  /** Skipped while one of these is faulty in itself. */
  readonly reads: readonly (keyof Config)[]
  readonly check: (config: Config) => readonly Fault[]
}

const RULES: readonly Rule[] = [
  { reads: ['tls'], check: certificateAndKey },
  { reads: ['listen'], check: somewhereToListen },
  { reads: ['listen'], check: processesCanShareThePort },
  { reads: ['login'], check: distinctSources },
  { reads: ['login'], check: lookedUpElsewhere },
  { reads: ['login'], check: restBetweenRounds },
  { reads: ['keys', 'session'], check: keysOutliveTokens },
  { reads: ['keys'], check: keysArePublishedInTime },
  { reads: ['passwords'], check: passwordLengths },
  { reads: ['throttle'], check: throttleDelays },
  { reads: ['publicUrl', 'factors'], check: passkeysFitTheHost },
  { reads: ['mail'], check: mailCredentials },
]

/** Faults between keys. `faulty` are the top-level keys that are wrong already. */
export function inconsistencies(config: Config, faulty: ReadonlySet<string>): Fault[] {
  return RULES.filter((rule) => !rule.reads.some((key) => faulty.has(key))).flatMap((rule) => rule.check(config))
}

/** What is allowed and probably not meant. */
export function doubts(config: Config): string[] {
  const url = new URL(config.publicUrl)
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return []
  return [
    `publicUrl is plain http on "${url.hostname}": passwords and tokens travel unprotected, and brokers refuse the key set`,
  ]
}

function certificateAndKey({ tls }: Config): Fault[] {
  if ((tls.cert === undefined) === (tls.key === undefined)) return []
  const [missing, given] = tls.cert === undefined ? ['cert', 'key'] : ['key', 'cert']
  return [{ path: `tls.${missing}`, message: `is required because tls.${given} is set` }]
}

/** Browsers make passkeys for the host that they are at and for the domains above it, and for nothing else. */
function passkeysFitTheHost({ publicUrl, factors: { rpId } }: Config): Fault[] {
  const { hostname } = new URL(publicUrl)
  if (rpId === undefined || hostname === rpId || hostname.endsWith(`.${rpId}`)) return []
  return [{ path: 'factors.rpId', message: `must be "${hostname}" or a domain above it, not "${rpId}"` }]
}

function mailCredentials({ mail }: Config): Fault[] {
  if ((mail.username === undefined) === (mail.password === undefined)) return []
  const [missing, given] = mail.username === undefined ? ['username', 'password'] : ['password', 'username']
  return [{ path: `mail.${missing}`, message: `is required because mail.${given} is set` }]
}

function somewhereToListen({ listen }: Config): Fault[] {
  if (listen.tcp || listen.unix !== undefined) return []
  return [{ path: 'listen.unix', message: 'is required because listen.tcp is false' }]
}

/** Only Linux spreads connections over the processes that listen on one port. */
function processesCanShareThePort({ listen }: Config): Fault[] {
  const path = 'listen.processes'
  if (listen.processes === 1) return []
  if (process.platform !== 'linux')
    return [{ path, message: 'must be 1: only Linux lets processes share a port evenly' }]
  return listen.tcp ? [] : [{ path, message: 'must be 1 because listen.tcp is false: a unix socket cannot be shared' }]
}

function distinctSources({ login }: Config): Fault[] {
  return login.flatMap(({ id }, index) =>
    login.findIndex((other) => other.id === id) === index
      ? []
      : [{ path: `login[${index}].id`, message: `must differ from every other login source, not "${id}" again` }],
  )
}

function lookedUpElsewhere({ login }: Config): Fault[] {
  return login.flatMap(({ id, lookup }, index) =>
    lookup === undefined || login.some((other) => other.id === lookup && other.id !== id && other.lookup === undefined)
      ? []
      : [{ path: `login[${index}].lookup`, message: `must be the id of another login source without "lookup"` }],
  )
}

function restBetweenRounds({ login }: Config): Fault[] {
  return login.flatMap(({ resync }, index) =>
    resync === undefined || resync >= SHORTEST_ROUND
      ? []
      : [{ path: `login[${index}].resync`, message: `must be at least ${formatDuration(SHORTEST_ROUND)}` }],
  )
}

function keysOutliveTokens({ keys, session }: Config): Fault[] {
  const longest = Math.max(session.identityTokenTtl, session.accessTokenTtl)
  if (keys.keepFor > longest) return []
  const message = `must be longer than the longest token lives, ${formatDuration(longest)}, not "${formatDuration(keys.keepFor)}"`
  return [{ path: 'keys.keepFor', message }]
}

function keysArePublishedInTime({ keys }: Config): Fault[] {
  if (keys.publishAhead < keys.rotateEvery) return []
  return [
    {
      path: 'keys.publishAhead',
      message: `must be shorter than keys.rotateEvery, ${formatDuration(keys.rotateEvery)}`,
    },
  ]
}

function passwordLengths({ passwords }: Config): Fault[] {
  if (passwords.minLength <= passwords.maxLength) return []
  return [{ path: 'passwords.maxLength', message: `must be at least passwords.minLength, ${passwords.minLength}` }]
}

function throttleDelays({ throttle }: Config): Fault[] {
  if (throttle.firstDelay <= throttle.maxDelay) return []
  return [
    {
      path: 'throttle.maxDelay',
      message: `must be at least throttle.firstDelay, ${formatDuration(throttle.firstDelay)}`,
    },
  ]
}
