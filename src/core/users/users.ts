/** Users, groups and memberships: rules for names, changes, and what a change revokes. */
import type { Page } from '#plugin'
import type { Caller } from '../world.ts'
import type { Group, User } from './records.ts'

export interface NewUser {
  readonly username: string
  readonly email?: string | null
  readonly displayName?: string | null
  /** Without it the user is created not yet activated. Only for sources with `passwordChange`. */
  readonly password?: string
  /** Instead of a password: its hash from an older system, of a kind that the login source can check. */
  readonly passwordHash?: string
  readonly technicalUser?: boolean
  readonly disabled?: boolean
  readonly roles?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
  readonly groups?: readonly string[]
}
export type UserChange = Partial<Omit<NewUser, 'password' | 'passwordHash' | 'groups'>> & {
  readonly activated?: boolean
}

/** Who somebody is for the rules: name, groups and roles as of now. */
export interface Subject {
  readonly kind: 'user'
  readonly user: User
  readonly groups: readonly string[]
  /** The user's own and those of the groups. */
  readonly roles: readonly string[]
}

/**
 * Every method that changes something writes an audit event and refuses with a `Problem`. The last administrator who
 * can log in cannot be deleted, disabled or taken out of the admin group.
 */
export interface Users {
  create(input: NewUser, caller: Caller): Promise<User>
  /** By id, then by user name, then by mail. `undefined` if nobody. */
  get(idOrName: string): Promise<User | undefined>
  list(page: { readonly limit: number; readonly after?: string; readonly prefix?: string }): Promise<Page<User>>
  /**
   * Disabling ends the user's identity tokens in the same commit. Name and mail of a user who comes from a directory
   * change there.
   */
  update(id: string, change: UserChange, caller: Caller): Promise<User>
  /** Ends the user's memberships, secret and identity tokens in the same commit. */
  delete(id: string, caller: Caller): Promise<void>
  /**
   * Gives the user to another login source and ends identity tokens, the password kept here and memberships that the old
   * source owns. Without an `externalId` the new source is asked by name. A password that is to be kept here is set next.
   */
  move(id: string, to: { readonly source: string; readonly externalId?: string }, caller: Caller): Promise<User>
  /** Administrator's reset: sets the password, activates, ends the user's identity tokens. */
  setPassword(id: string, password: string, caller: Caller): Promise<void>
  /** The user's own change; `current` must be right (and is throttled like a login). */
  changePassword(id: string, current: string, next: string, caller: Caller): Promise<void>
  /** Whoever has read the groups a moment ago hands them over. */
  subject(user: User, groups?: readonly string[]): Promise<Subject>
  /** Whether name, mail and password of this user are kept here rather than in a directory. */
  keptHere(user: User): boolean
  groupsOf(userId: string): Promise<readonly string[]>
  isAdmin(subject: Subject): boolean
  /** Creates the admin group and this user in it, unless somebody can administer already: then `undefined`. */
  ensureFirstAdmin(
    input: { readonly username: string; readonly password: string },
    caller: Caller,
  ): Promise<User | undefined>
}

export interface Groups {
  create(
    input: { readonly name: string; readonly description?: string; readonly roles?: readonly string[] },
    caller: Caller,
  ): Promise<Group>
  get(name: string): Promise<Group | undefined>
  list(page: { readonly limit: number; readonly after?: string; readonly prefix?: string }): Promise<Page<Group>>
  update(
    name: string,
    change: { readonly description?: string; readonly roles?: readonly string[] },
    caller: Caller,
  ): Promise<Group>
  /** Removes the memberships too. The admin group cannot be deleted. */
  delete(name: string, caller: Caller): Promise<void>
  members(name: string, page: { readonly limit: number; readonly after?: string }): Promise<Page<User>>
  /** Nothing happens to who is a member by an administrator's word already. */
  addMember(name: string, username: string, caller: Caller): Promise<void>
  /** Takes back an administrator's word; a membership that a login source owns ends there. */
  removeMember(name: string, username: string, caller: Caller): Promise<void>
}
