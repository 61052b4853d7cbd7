/** What an identity token is bound to: the caller's address or its network. */
import { canonicalAddress, networkOf } from '../address.ts'
import type { Settings } from '../settings.ts'

/** What to remember of `ip`: the address, its network (`/24` or `/64`), or nothing. */
export function boundAddress(ip: string | undefined, mode: Settings['session']['bindIp']): string | null {
  if (ip === undefined || mode === 'off') return null
  return spelled(ip, mode === 'subnet')
}

/** Whether a call from `ip` may use what is bound to `bound`. Decided by what was remembered, not by the settings of today. */
export function addressFits(bound: string | null, ip: string | undefined): boolean {
  if (bound === null) return true
  if (ip === undefined) return false
  return spelled(ip, bound.includes('/')) === bound
}

/** What is no address is kept as it is: it fits itself. */
function spelled(ip: string, asNetwork: boolean): string {
  return (asNetwork ? networkOf(ip) : canonicalAddress(ip)) ?? ip.toLowerCase()
}
