/** The configuration file of the domain controller that tests start. */
export interface SmbConf {
  readonly folder: string
  readonly address: string
  readonly realm: string
  readonly domain: string
  readonly kdcPort: number
  readonly passwordPort: number
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

export function smbConf({
  folder,
  address,
  realm,
  domain,
  kdcPort,
  passwordPort,
  caFile,
  certFile,
  keyFile,
}: SmbConf): string {
  const folders = {
    'private dir': 'private',
    'state directory': 'state',
    'cache directory': 'cache',
    'lock directory': '',
    'pid directory': '',
    'ncalrpc dir': 'ncalrpc',
    'binddns dir': 'bind-dns',
    'ntp signd socket directory': 'ntp',
    'log file': 'log.%m',
  }
  return `[global]
netbios name = DC1
realm = ${realm}
workgroup = ${domain}
server role = active directory domain controller
server services = ldap, cldap, kdc
interfaces = ${address}/8
bind interfaces only = yes
krb5 port = ${kdcPort}
kpasswd port = ${passwordPort}
rpc start on demand helpers = no
tls enabled = yes
tls keyfile = ${keyFile}
tls certfile = ${certFile}
tls cafile = ${caFile}
${Object.entries(folders)
  .map(([key, name]) => `${key} = ${folder}/${name}`)
  .join('\n')}
`
}
