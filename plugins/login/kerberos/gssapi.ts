/** The few calls of MIT's GSSAPI (RFC 2744) that accept a ticket. Structures are laid out by hand for 64-bit systems. */
import { dlopen } from 'bun:ffi'
import { addressOf, at, bytesAt, type Cell, cell, copyOf, cString, keep, pointers, word } from './memory.ts'

const LIBRARY = 'libgssapi_krb5.so.2'
const MAJOR = 'u32'

function load() {
  return dlopen(LIBRARY, {
    gss_acquire_cred_from: { args: ['ptr', 'ptr', 'u32', 'ptr', 'i32', 'ptr', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_accept_sec_context: {
      args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'],
      returns: MAJOR,
    },
    gss_init_sec_context: {
      args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'u32', 'u32', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'],
      returns: MAJOR,
    },
    gss_inquire_context: {
      args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'],
      returns: MAJOR,
    },
    gss_import_name: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_display_name: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_localname: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_get_name_attribute: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_display_status: { args: ['ptr', 'u32', 'i32', 'ptr', 'ptr', 'ptr'], returns: MAJOR },
    gss_release_buffer: { args: ['ptr', 'ptr'], returns: MAJOR },
    gss_release_name: { args: ['ptr', 'ptr'], returns: MAJOR },
    gss_release_cred: { args: ['ptr', 'ptr'], returns: MAJOR },
    gss_delete_sec_context: { args: ['ptr', 'ptr', 'ptr'], returns: MAJOR },
  }).symbols
}

/** Who a ticket is of and for, as the keytab proves it. */
export interface Ticket {
  readonly principal: string
  readonly service: string
  /** What `auth_to_local` makes of the principal; absent when no rule applies. */
  readonly localName?: string
  /** KERB_VALIDATION_INFO of the PAC, signed by the key distribution centre. */
  readonly logonInfo?: Uint8Array
}

export class GssFailure extends Error {
  override name = 'GssFailure'
}

const CONTINUE_NEEDED = 1
const [INITIATE, ACCEPT] = [1, 2]
const INDEFINITE = 0xffff_ffff
const KRB5 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]
const PRINCIPAL_NAME = [...KRB5, 0x01]
const LOGON_INFO = 'urn:mspac:logon-info'

/** Calling errors and routine errors are in the upper half; the lower half informs. */
const failed = (major: number): boolean => (major & 0xffff_0000) !== 0

function objectId(der: readonly number[]) {
  const bytes = copyOf(Uint8Array.from(der))
  return { bytes, desc: pointers(BigInt(bytes.byteLength), addressOf(bytes)) }
}

export type Gss = ReturnType<typeof openGss>

/** Throws if the library is not there. */
export function openGss() {
  const gss = load()
  const krb5 = objectId(KRB5)
  const principalName = objectId(PRINCIPAL_NAME)

  /** Every message of a status; minor codes are renumbered by the library, so only their text is of use. */
  function messages(code: number, kind: 1 | 2): string {
    const [minor, more, found] = [word(), word(), [] as string[]]
    do {
      const buffer = pointers(0n, 0n)
      if (failed(gss.gss_display_status(minor, code, kind, krb5.desc, more, buffer))) break
      found.push(new TextDecoder().decode(take(buffer)))
    } while (more[0] !== 0)
    return found.join('; ')
  }

  function check(call: string, major: number, minor: Uint32Array): void {
    if (!failed(major)) return
    const reason = minor[0] ? messages(minor[0], 2) : ''
    throw new GssFailure(`${call}: ${reason === '' ? messages(major, 1) : reason}`)
  }

  /** The content of a buffer that the library has made, which is given back. */
  function take(buffer: Cell): Uint8Array {
    const bytes = bytesAt(at(buffer, 1), Number(at(buffer)))
    gss.gss_release_buffer(word(), buffer)
    return bytes
  }

  function displayed(name: bigint): string {
    const [minor, buffer] = [word(), pointers(0n, 0n)]
    check('gss_display_name', gss.gss_display_name(minor, name, buffer, null), minor)
    return new TextDecoder().decode(take(buffer))
  }

  function localName(name: bigint): string | undefined {
    const buffer = pointers(0n, 0n)
    return failed(gss.gss_localname(word(), name, null, buffer)) ? undefined : new TextDecoder().decode(take(buffer))
  }

  /** What a realm without the attribute, or one that nobody vouches for, says is nothing. */
  function logonInfo(name: bigint): Uint8Array | undefined {
    // MIT reads a number behind the end of the name, hence the zero that is not counted.
    const text = cString(LOGON_INFO)
    const attribute = pointers(BigInt(LOGON_INFO.length), addressOf(text))
    const [authenticated, complete, more] = [word(), word(), new Int32Array([-1])]
    const [value, shown] = [pointers(0n, 0n), pointers(0n, 0n)]
    const major = gss.gss_get_name_attribute(word(), name, attribute, authenticated, complete, value, shown, more)
    keep(text)
    if (failed(major)) return undefined
    take(shown)
    const bytes = take(value)
    return authenticated[0] === 0 || bytes.byteLength === 0 ? undefined : bytes
  }

  function acquire(usage: number, store: Readonly<Record<string, string>>): bigint {
    const texts = Object.entries(store).flat().map(cString)
    const elements = pointers(...texts.map(addressOf))
    const set = pointers(BigInt(texts.length / 2), addressOf(elements))
    const [minor, made] = [word(), cell()]
    const major = gss.gss_acquire_cred_from(minor, null, INDEFINITE, null, usage, set, made, null, null)
    keep(texts, elements)
    check('gss_acquire_cred_from', major, minor)
    return at(made)
  }

  function ticketOf(context: bigint): Ticket {
    const [minor, source, target] = [word(), cell(), cell()]
    try {
      const major = gss.gss_inquire_context(minor, context, source, target, null, null, null, null, null)
      check('gss_inquire_context', major, minor)
      const name = at(source)
      const [local, logon] = [localName(name), logonInfo(name)]
      return {
        principal: displayed(name),
        service: displayed(at(target)),
        ...(local !== undefined && { localName: local }),
        ...(logon && { logonInfo: logon }),
      }
    } finally {
      for (const name of [source, target]) if (at(name) !== 0n) gss.gss_release_name(minor, name)
    }
  }

  return {
    /** Opens the keytab; what is in it is read anew for each ticket, so that rotating it takes no restart. */
    acceptor: (keytab: string, replayCache?: string): bigint =>
      acquire(ACCEPT, { keytab, ...(replayCache !== undefined && { rcache: replayCache }) }),

    /** The tickets of a credential cache. */
    initiator: (cache: string): bigint => acquire(INITIATE, { ccache: cache }),

    release(credential: bigint): void {
      gss.gss_release_cred(word(), cell(credential))
    },

    /** RFC 4178 or bare Kerberos, one token each way. Throws a `GssFailure`. */
    accept(credential: bigint, token: Uint8Array): { readonly ticket: Ticket; readonly reply: Uint8Array } {
      const [bytes, minor, context, delegated] = [copyOf(token), word(), cell(), cell()]
      const [input, output] = [pointers(BigInt(bytes.byteLength), addressOf(bytes)), pointers(0n, 0n)]
      try {
        const major = gss.gss_accept_sec_context(
          minor,
          context,
          credential,
          input,
          null,
          null,
          null,
          output,
          null,
          null,
          delegated,
        )
        keep(bytes)
        const reply = take(output)
        check('gss_accept_sec_context', major, minor)
        if (major & CONTINUE_NEEDED) throw new GssFailure('gss_accept_sec_context: the client wants another round')
        return { ticket: ticketOf(at(context)), reply }
      } finally {
        if (at(delegated) !== 0n) gss.gss_release_cred(minor, delegated)
        if (at(context) !== 0n) gss.gss_delete_sec_context(minor, context, null)
      }
    },

    /** A token for a service, from tickets of our own. Throws a `GssFailure`. */
    initiate(credential: bigint, service: string): Uint8Array {
      const [text, minor, target, context, output] = [cString(service), word(), cell(), cell(), pointers(0n, 0n)]
      const name = pointers(BigInt(text.byteLength - 1), addressOf(text))
      try {
        const imported = gss.gss_import_name(minor, name, principalName.desc, target)
        keep(text)
        check('gss_import_name', imported, minor)
        const [to, none] = [at(target), null]
        const major = gss.gss_init_sec_context(
          minor,
          credential,
          context,
          to,
          krb5.desc,
          0,
          0,
          none,
          none,
          none,
          output,
          none,
          none,
        )
        const token = take(output)
        check('gss_init_sec_context', major, minor)
        return token
      } finally {
        if (at(target) !== 0n) gss.gss_release_name(minor, target)
        if (at(context) !== 0n) gss.gss_delete_sec_context(minor, context, null)
      }
    },
  }
}
