/** What people have allowed clients, kept so that they are asked once. */
import { insert, remove, type Step, type Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { Visitor } from '../browser/browser-sessions.ts'
import { repository } from '../storage/repository.ts'
import type { Authorization } from '../token/records.ts'
import type { Caller, World } from '../world.ts'
import { type AuthorizationRequest, type Consent, consents } from './records.ts'

export interface Consents {
  /** Whether everything that is asked was allowed before. */
  covers(userId: string, request: AuthorizationRequest): Promise<boolean>
  /** Steps that keep this in addition to what was allowed before. */
  remember(userId: string, request: AuthorizationRequest): Promise<readonly Step[]>
}

export function createConsents({ storage, world }: { readonly storage: Storage; readonly world: World }): Consents {
  const stored = repository(storage, consents)
  return {
    async covers(userId, request) {
      const given = await stored.get({ userId, clientId: request.clientId })
      if (!given) return false
      const all = (asked: readonly string[], allowed: readonly string[]) => asked.every((one) => allowed.includes(one))
      return all(request.scopes, given.scopes) && all(targetsOf(request), given.targets)
    },
    async remember(userId, request) {
      const { clientId } = request
      const before = await stored.get({ userId, clientId })
      const row: Consent = {
        userId,
        clientId,
        scopes: [...new Set([...(before?.scopes ?? []), ...request.scopes])],
        targets: [...new Set([...(before?.targets ?? []), ...targetsOf(request)])],
        grantedAt: world.now(),
      }
      return [forgetConsent(userId, clientId), insert(consents, row)]
    },
  }
}

/** The client asks anew. */
export function forgetConsent(userId: string, clientId: string): Step {
  return remove(consents, { equals: { userId, clientId } })
}

/** Who allowed what, or did not, for the audit log. */
export function recordConsent(
  audit: Audit,
  decision: {
    readonly visitor: Visitor
    readonly allowed: boolean
    readonly asked: Pick<Authorization, 'clientId' | 'scopes' | 'broker' | 'vhost'>
    readonly caller: Caller
  },
): void {
  const { visitor, allowed, asked, caller } = decision
  const { clientId: client, scopes, broker, vhost } = asked
  const detail = {
    client,
    scope: scopes.join(' '),
    ...(broker !== null && { broker }),
    ...(vhost !== null && { vhost }),
  }
  const target = `user:${visitor.user.username}`
  if (allowed) audit.record({ event: 'consent.granted', outcome: 'ok', target, caller, detail })
  else audit.record({ event: 'consent.refused', outcome: 'refused', target, caller, detail })
}

/** What the scopes are about: each as one text. */
function targetsOf({ resources, broker, vhost, authorizationDetails }: AuthorizationRequest): readonly string[] {
  const about = broker === null ? resources.map((resource) => ({ resource })) : [{ broker, vhost }]
  return [...about, ...authorizationDetails].map((each) => JSON.stringify(each))
}
