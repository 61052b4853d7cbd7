/** Keys of older systems (`address`, `base_dn`, `group`, `groups_prefix`, `domain`, `ca_file`) and what they are called here. */
import type { Given } from './config.ts'

export type Faults = string[]

/** Who may log in and which groups count where `address` is used and nothing is said: what those systems did. */
const REQUIRED = 'allowed_to_login'
const PREFIX = 'API_PERM'

export function legacyOf(given: Given, faults: Faults) {
  const { address, groups } = given
  const one = <T>(name: string, here: T | undefined, older: string, before: T | undefined): T | undefined => {
    if (here !== undefined && before !== undefined)
      faults.push(`${name} and ${older} are one thing, and only one may be set`)
    return here ?? before
  }
  const implied = (fallback: string) => (address === undefined ? undefined : fallback)
  return {
    urls: one('urls', given.urls, 'address', address === undefined ? undefined : [withScheme(address)]),
    baseDn: one('baseDn', given.baseDn, 'base_dn', given.base_dn),
    required: one('groups.required', groups.required, 'group', given.group) ?? implied(REQUIRED),
    prefix: one('groups.prefix', groups.prefix, 'groups_prefix', given.groups_prefix) ?? implied(PREFIX),
    caFile: one('tls.caFile', given.tls.caFile, 'ca_file', given.ca_file),
  }
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `ldaps://${address}`
}
