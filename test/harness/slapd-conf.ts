/** The configuration file of the OpenLDAP server that tests start. */
import { join } from 'node:path'
import type { ServerCertificate } from './certificates.ts'

export interface SlapdConf {
  readonly folder: string
  readonly caFile: string
  readonly server: ServerCertificate
  readonly base: string
  readonly admin: { readonly dn: string; readonly password: string }
  readonly conf?: string
  readonly clientCertificates?: boolean
}

export function slapdConf({
  folder,
  caFile,
  server,
  base,
  admin,
  conf = '',
  clientCertificates = false,
}: SlapdConf): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.1.609 NAME 'nsAccountLock' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9999 NAME 'account2' SUP top AUXILIARY MAY ( sAMAccountName $ userPrincipalName $ nsAccountLock ) )
pidfile ${join(folder, 'slapd.pid')}
argsfile ${join(folder, 'slapd.args')}
TLSCACertificateFile ${caFile}
TLSCertificateFile ${server.certFile}
TLSCertificateKeyFile ${server.keyFile}
${clientCertificates ? 'TLSVerifyClient demand' : ''}
sizelimit size.soft=50 size.hard=1000 size.prtotal=unlimited
idletimeout 0
threads 4
${conf}
database mdb
suffix "${base}"
rootdn "${admin.dn}"
rootpw "${admin.password}"
directory ${join(folder, 'db')}
maxsize 67108864
index objectClass,uid,sAMAccountName,mail,member,memberOf,entryCSN,entryUUID eq
dbnosync
access to attrs=userPassword by self write by anonymous auth by * none
access to dn.subtree="ou=Service,${base}" by anonymous auth by self read by * none
access to * by dn.subtree="ou=Service,${base}" read by self read by users read by anonymous auth by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-refint TRUE
overlay ppolicy
ppolicy_default "cn=default,ou=Policies,${base}"
ppolicy_use_lockout
`
}
