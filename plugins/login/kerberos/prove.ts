/** What the sidecar does: prove who somebody is with the keytab, from a ticket or from a password. Blocks while it does. */
import { access, constants } from 'node:fs/promises'
import type { Why } from '#plugin'
import { GssFailure, openGss, type Ticket } from './gssapi.ts'
import { Krb5Failure, openKrb5 } from './krb5.ts'
import { parseLogonInfo } from './pac.ts'
import type { Methods, Proof, Proven, SidecarConfig } from './protocol.ts'

export interface Prover {
  negotiate(params: Methods['negotiate']): Proof
  password(params: Methods['password']): Proof
  health(): Proof
}

/** Throws an `Error` with one sentence that an operator can act on. */
export async function openProver(config: SidecarConfig): Promise<Prover> {
  const { keytab, services, replayCache } = config
  const gss = installed(openGss, 'libgssapi-krb5-2')
  const krb5 = installed(openKrb5, 'libkrb5-3')
  await access(keytab, constants.R_OK).catch((cause: unknown) => {
    throw new Error(`the keytab ${keytab} does not exist or cannot be read by the user of the sidecar`, { cause })
  })
  /** A keytab that is gone or empty is found out here, whatever the token was. */
  const fault = (): string | undefined => {
    try {
      gss.release(gss.acceptor(keytab))
      return undefined
    } catch (error) {
      return textOf(error)
    }
  }
  const unusable = fault()
  if (unusable !== undefined) throw new Error(unusable)
  const acceptor = gss.acceptor(keytab, replayCache)
  // Tickets that were got here for ourselves cannot have been seen by anybody.
  const ownAcceptor = gss.acceptor(keytab, 'none:')

  /** Active Directory gives tickets for a name in any case. */
  const spelled = (service: string) => (config.canonicalize ? service.toLowerCase() : service)
  const isFor = (service: string) => services.some((each) => spelled(each) === spelled(service))

  function provenBy({ principal, service, localName, logonInfo }: Ticket): Proven {
    if (!isFor(service)) throw new GssFailure(`the ticket is for ${service}`)
    const logon = logonInfo && parseLogonInfo(logonInfo)
    return {
      principal,
      ...(localName !== undefined && { localName }),
      ...(logon && { logon: { username: logon.username, sid: logon.sid, groups: logon.groups } }),
    }
  }

  return {
    negotiate({ token }) {
      try {
        const { ticket, reply } = gss.accept(acceptor, Buffer.from(token, 'base64'))
        const proven = provenBy(ticket)
        return { ok: true, proven, ...(reply.byteLength > 0 && { reply: Buffer.from(reply).toString('base64') }) }
      } catch (error) {
        const broken = fault()
        if (broken !== undefined) return { ok: false, why: 'unavailable', detail: broken }
        return { ok: false, why: 'credentials', detail: textOf(error) }
      }
    },
    password(login) {
      const [service = ''] = services
      try {
        const { canonicalize } = config
        const ticket = krb5.withPassword({ ...login, canonicalize }, (cache) => {
          const initiator = gss.initiator(cache)
          try {
            return gss.accept(ownAcceptor, gss.initiate(initiator, service)).ticket
          } finally {
            gss.release(initiator)
          }
        })
        return { ok: true, proven: provenBy(ticket) }
      } catch (error) {
        if (error instanceof Krb5Failure) return { ok: false, why: whyOf(error.code), detail: error.message }
        // The password brought a ticket, and that opens nothing: the keytab is outdated, or somebody else answered.
        const detail = `the password brought a ticket that the keytab does not confirm: ${textOf(error)}`
        return { ok: false, why: 'unavailable', detail }
      }
    },
    health() {
      const broken = fault()
      return broken === undefined
        ? { ok: true, proven: { principal: '' } }
        : { ok: false, why: 'unavailable', detail: broken }
    },
  }
}

function installed<T>(open: () => T, debianPackage: string): T {
  try {
    return open()
  } catch (cause) {
    const remedy = `install the Debian package ${debianPackage}`
    throw new Error(`the Kerberos libraries are not installed: ${remedy} (${textOf(cause)})`, { cause })
  }
}

/** RFC 4120 section 7.5.9, counted from where libkrb5 puts them. What is not here is no word about the password. */
const BASE = -1765328384
const WHY: Readonly<Record<number, Why>> = {
  [BASE + 1]: 'expired', // account
  [BASE + 6]: 'credentials', // unknown
  [BASE + 12]: 'not-allowed', // policy
  [BASE + 18]: 'locked', // revoked: disabled or locked
  [BASE + 21]: 'not-allowed', // not yet valid
  [BASE + 23]: 'expired', // password
  [BASE + 24]: 'credentials', // wrong
  [BASE + 31]: 'credentials', // wrong, found out by what the answer is sealed with
  [BASE + 68]: 'credentials', // of a realm that this one does not know
}

function whyOf(code: number): Why {
  return WHY[code] ?? 'unavailable'
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
