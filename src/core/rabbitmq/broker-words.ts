/** Refusals in the words a broker of that version uses, so that an operator finds them in its log and in this program alike. */
import type { Permission } from './rules.ts'
import { atLeast } from './versions.ts'

export interface Refused {
  readonly version: string
  readonly user: string
  readonly vhost: string
  readonly permission: Permission
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

/** What every client sees when the token itself is refused; the reason is in the broker's log alone. */
export const LOGIN_REFUSED =
  'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.'

export function vhostRefused(vhost: string, user: string): string {
  return `NOT_ALLOWED - access to vhost '${vhost}' refused for user '${user}'`
}

export function resourceRefused(refused: Refused): string {
  return `ACCESS_REFUSED - ${access(refused)} to ${resource(refused)} refused for user '${refused.user}'`
}

export function topicRefused(refused: Refused, routingKey: string): string {
  const topic = `topic '${routingKey}' in ${resource(refused)}`
  return `ACCESS_REFUSED - ${access(refused)} to ${topic} refused for user '${refused.user}'`
}

function access({ version, permission }: Refused): string {
  return atLeast(version, '4.0') ? `${permission} access` : 'access'
}

function resource({ kind, name, vhost }: Refused): string {
  return `${kind} '${name}' in vhost '${vhost}'`
}
