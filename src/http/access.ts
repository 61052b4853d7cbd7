/** Who calls, and whether this endpoint is for them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Problem } from '../core/problem.ts'
import type { Core } from '../core/core.ts'
import type { Caller } from '../core/world.ts'
import { addressList } from './client-address.ts'
import type { Arrival } from './arrival.ts'
import type { Access, Who } from './endpoint.ts'

export interface Admission {
  readonly who: Who
  readonly caller: Caller
  readonly bearer: string | undefined
}
export type Authorise = (access: Access, request: Request, arrival: Arrival) => Promise<Admission> | Admission

/** How brokers prove themselves at the HTTP backend; with neither set, the backend is off. */
export interface BrokerAccess {
  readonly secret?: string
  /** CIDR ranges. */
  readonly allow: readonly string[]
}

const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const ANONYMOUS: Who = { kind: 'anonymous' }
const OPERATOR: Who = { kind: 'operator' }

export function createAuthorise(core: Core, brokerAccess: () => BrokerAccess): Authorise {
  const isBroker = brokerCheck(brokerAccess)
  return (access, request, arrival) => {
    const bearer = BEARER.exec(request.headers.get('authorization') ?? '')?.[1]
    if (arrival.operator) return { who: OPERATOR, caller: callerOf(arrival, 'operator'), bearer }
    const caller = callerOf(arrival, 'anonymous')
    if (access === 'public') return { who: ANONYMOUS, caller, bearer }
    if (access === 'broker') {
      if (!isBroker(request, arrival)) throw new Problem('not_authenticated', 'Not a known broker')
      return { who: { kind: 'broker' }, caller: callerOf(arrival, 'broker:http'), bearer }
    }
    if (access === 'operator') throw new Problem('forbidden', 'Only over the control socket')
    return member(core, access, bearer, caller, arrival)
  }
}

async function member(
  core: Core,
  access: 'user' | 'admin',
  bearer: string | undefined,
  stranger: Caller,
  arrival: Arrival,
): Promise<Admission> {
  if (bearer === undefined) throw new Problem('not_authenticated', 'Send an identity token: Authorization: Bearer …')
  const { userId, username } = await core.sessions.authenticate(bearer, stranger)
  const user = await core.users.get(userId)
  if (!user) throw new Problem('invalid_token', 'The token is not valid')
  const admin = core.users.isAdmin(await core.users.subject(user))
  if (access === 'admin' && !admin) throw new Problem('forbidden', 'Only for administrators')
  return { who: { kind: 'user', userId, username, admin }, caller: callerOf(arrival, `user:${username}`), bearer }
}

function callerOf({ ip, requestId }: Arrival, actor: string): Caller {
  return ip === undefined ? { actor, requestId } : { actor, ip, requestId }
}

/** A shared secret as the last path segment, the query parameter `secret` or a Basic password, or an address on the list. */
function brokerCheck(access: () => BrokerAccess) {
  let known: {
    readonly from: BrokerAccess
    readonly secret: Buffer | undefined
    readonly allows: (ip: string) => boolean
  }
  return (request: Request, { ip }: Arrival): boolean => {
    const from = access()
    if (known?.from !== from)
      known = {
        from,
        secret: from.secret === undefined ? undefined : digest(from.secret),
        allows: addressList(from.allow),
      }
    const { secret } = known
    if (secret && secretsIn(request).some((given) => timingSafeEqual(digest(given), secret))) return true
    return ip !== undefined && known.allows(ip)
  }
}

function secretsIn(request: Request): string[] {
  const { pathname, searchParams } = new URL(request.url)
  const segment = /\/rabbitmq\/auth\/([^/]+)\/[a-z]+$/.exec(pathname)?.[1] ?? ''
  const basic = /^basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
  const [, ...password] = Buffer.from(basic, 'base64').toString().split(':')
  return [decoded(segment), searchParams.get('secret') ?? '', password.join(':')].filter((secret) => secret !== '')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
