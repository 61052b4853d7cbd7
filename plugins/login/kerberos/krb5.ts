/** The few calls of MIT's libkrb5 that get a ticket for a password. Its error codes, unlike those of GSSAPI, are stable. */
import { dlopen } from 'bun:ffi'
import { at, type Cell, cell, cString, keep, room, textAt } from './memory.ts'

const LIBRARY = 'libkrb5.so.3'
/** `krb5_creds` takes 120 bytes. */
const CREDENTIALS = 256
/** Take the whole name as the name, whatever it looks like; Active Directory finds accounts by it. */
const ENTERPRISE = 4

function load() {
  return dlopen(LIBRARY, {
    krb5_init_context: { args: ['ptr'], returns: 'i32' },
    krb5_free_context: { args: ['ptr'], returns: 'void' },
    krb5_parse_name_flags: { args: ['ptr', 'ptr', 'i32', 'ptr'], returns: 'i32' },
    krb5_free_principal: { args: ['ptr', 'ptr'], returns: 'void' },
    krb5_cc_new_unique: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
    krb5_cc_get_name: { args: ['ptr', 'ptr'], returns: 'ptr' },
    krb5_cc_destroy: { args: ['ptr', 'ptr'], returns: 'i32' },
    krb5_get_init_creds_opt_alloc: { args: ['ptr', 'ptr'], returns: 'i32' },
    krb5_get_init_creds_opt_free: { args: ['ptr', 'ptr'], returns: 'void' },
    krb5_get_init_creds_opt_set_canonicalize: { args: ['ptr', 'i32'], returns: 'void' },
    krb5_get_init_creds_opt_set_out_ccache: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
    krb5_get_init_creds_password: {
      args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'i32', 'ptr', 'ptr'],
      returns: 'i32',
    },
    krb5_free_cred_contents: { args: ['ptr', 'ptr'], returns: 'void' },
    krb5_get_error_message: { args: ['ptr', 'i32'], returns: 'ptr' },
    krb5_free_error_message: { args: ['ptr', 'ptr'], returns: 'void' },
  }).symbols
}

export class Krb5Failure extends Error {
  override name = 'Krb5Failure'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface PasswordLogin {
  readonly principal: string
  readonly password: string
  /** Let the key distribution centre say what the name really is. */
  readonly canonicalize: boolean
}

export type Krb5 = ReturnType<typeof openKrb5>

/** Throws if the library is not there. */
export function openKrb5() {
  const krb5 = load()

  function check(context: bigint, code: number): void {
    if (code === 0) return
    const message = BigInt(krb5.krb5_get_error_message(context, code) ?? 0)
    const text = textAt(message)
    krb5.krb5_free_error_message(context, message)
    throw new Krb5Failure(code, text)
  }

  function getTickets(context: bigint, { principal, password, canonicalize }: PasswordLogin, cache: Cell): void {
    const [name, options, credentials] = [cell(), cell(), room(CREDENTIALS)]
    const [text, secret] = [cString(principal), cString(password)]
    try {
      check(context, krb5.krb5_parse_name_flags(context, text, canonicalize ? ENTERPRISE : 0, name))
      check(context, krb5.krb5_get_init_creds_opt_alloc(context, options))
      krb5.krb5_get_init_creds_opt_set_canonicalize(at(options), canonicalize ? 1 : 0)
      check(context, krb5.krb5_get_init_creds_opt_set_out_ccache(context, at(options), at(cache)))
      const of = at(name)
      const none = null
      const code = krb5.krb5_get_init_creds_password(context, credentials, of, secret, none, none, 0, none, at(options))
      check(context, code)
      krb5.krb5_free_cred_contents(context, credentials)
    } finally {
      secret.fill(0)
      keep(text)
      if (at(options) !== 0n) krb5.krb5_get_init_creds_opt_free(context, at(options))
      if (at(name) !== 0n) krb5.krb5_free_principal(context, at(name))
    }
  }

  return {
    /**
     * Gets a ticket for the password into a cache in memory, which is gone when `use` returns. Nothing is proven by that:
     * whoever answers in place of the key distribution centre can make such a ticket. Throws a `Krb5Failure`.
     */
    withPassword<T>(login: PasswordLogin, use: (cache: string) => T): T {
      const made = cell()
      const code = krb5.krb5_init_context(made)
      if (code !== 0) throw new Krb5Failure(code, 'the Kerberos configuration cannot be read')
      const [context, cache] = [at(made), cell()]
      try {
        const kind = cString('MEMORY')
        check(context, krb5.krb5_cc_new_unique(context, kind, null, cache))
        keep(kind)
        getTickets(context, login, cache)
        return use(`MEMORY:${textAt(BigInt(krb5.krb5_cc_get_name(context, at(cache)) ?? 0))}`)
      } finally {
        if (at(cache) !== 0n) krb5.krb5_cc_destroy(context, at(cache))
        krb5.krb5_free_context(context)
      }
    },
  }
}
