/** Clients: registered, changed, given secrets, found. */
import type { Page, Step } from '#plugin'
import type { Caller } from '../world.ts'
import type { Client } from './records.ts'

export type AuthMethod =
  | 'none'
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'client_secret_jwt'
  | 'private_key_jwt'
  | 'tls_client_auth'

/** What somebody decides about a client; the rest is made. Left out, a member takes its default (`client-input.ts`). */
export type ClientInput = Partial<
  Omit<Client, 'id' | 'managedBy' | 'secrets' | 'registrationDigest' | 'unusedSince' | 'createdAt' | 'updatedAt'>
>

export interface NewClient extends ClientInput {
  /** `client_id`; made up if left out. */
  readonly id?: string
  readonly name: string
}

/** A client and, this once, its secret. */
export interface Registered {
  readonly client: Client
  readonly secret: string | undefined
}

/** Every change is an audit event and refused with a `Problem` that names all faults at once. */
export interface Clients {
  create(input: NewClient, caller: Caller, made?: MadeBy): Promise<Registered>
  /** Answered from memory. A disabled client is answered too. */
  get(id: string): Promise<Client | undefined>
  list(page: { readonly limit: number; readonly after?: string; readonly owner?: string }): Promise<Page<Client>>
  update(id: string, change: ClientInput, caller: Caller, made?: MadeBy): Promise<Client>
  /** Ends every grant, code and consent of it in the same commit. */
  delete(id: string, caller: Caller): Promise<void>
  /** A new secret; the one before works for `overlap` milliseconds more, any older one no longer. */
  rotateSecret(id: string, options: { readonly overlap: number }, caller: Caller): Promise<Registered>
  /**
   * Makes the clients of the configuration what it says: created, changed, and removed when it no longer names them.
   * Clients kept by others are left alone.
   */
  applyConfigured(declared: readonly ConfiguredClient[], caller: Caller): Promise<void>
  /** A client of open registration has authenticated: it stays. False if it was removed meanwhile. */
  markUsed(id: string): Promise<boolean>
  /** Removes clients of open registration that have not been used since before this time, a bounded number. */
  removeUnused(before: number): Promise<void>
  /** The secret of a client that signs with it. */
  sharedSecrets(client: Client): readonly string[]
  /** Forgets what is in memory (another process changed clients). */
  invalidate(): void
}

/** By whom, if not an administrator. */
export interface MadeBy {
  readonly managedBy: 'config' | 'registration'
  readonly registrationDigest?: string
  /** Nobody vouches for it: it is removed if it is never used. */
  readonly open?: boolean
  /** Further steps of the commit that creates it; worked out anew when somebody else was faster. */
  readonly along?: () => Promise<readonly Step[]>
}

export interface ConfiguredClient extends NewClient {
  readonly id: string
  /** Read from where the configuration says; the only secret it then has. */
  readonly secret?: string
}
