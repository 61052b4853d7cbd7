/** Users (`/users`): administrators manage them; everybody may read themselves and change their own password. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { factorsOf } from '../../core/factors/guess.ts'
import { Problem } from '../../core/problem.ts'
import { comparisonKey } from '../../core/users/names.ts'
import type { User } from '../../core/users/records.ts'
import { type Endpoint, endpoint, type Who } from '../endpoint.ts'
import { Instant, instant, instantOrNull, list, listOf, nullableText, pageOf, pageQuery, strict } from '../schemas.ts'

const Password = t.String({ minLength: 1, maxLength: 4096 })
const changeable = {
  username: t.String({ minLength: 1, maxLength: 190 }),
  email: nullableText(190),
  displayName: nullableText(512),
  disabled: t.Boolean(),
  technicalUser: t.Boolean(),
  roles: t.Array(t.String({ maxLength: 190 }), { maxItems: 200 }),
  claims: t.Record(t.String({ maxLength: 190 }), t.Unknown()),
}
const { username, ...optional } = changeable
const NewUser = t.Object(
  {
    username,
    ...t.Partial(t.Object(optional)).properties,
    password: t.Optional(Password),
    groups: t.Optional(t.Array(t.String({ maxLength: 190 }), { maxItems: 200 })),
  },
  strict,
)
const UserChange = t.Partial(t.Object({ ...changeable, activated: t.Boolean() }), strict)
const UserAnswer = t.Object({
  id: t.String(),
  ...changeable,
  activated: t.Boolean(),
  disabledBySource: t.Boolean({ description: 'Disabled because the source knows the user no more, until it does' }),
  source: t.String({ description: 'The login source that alone authenticates this user' }),
  externalId: t.String(),
  createdAt: Instant,
  updatedAt: Instant,
  passwordChangedAt: t.Union([Instant, t.Null()]),
  lastLoginAt: t.Union([Instant, t.Null()]),
  groups: t.Optional(t.Array(t.String())),
})
const PasswordChange = t.Object(
  {
    currentPassword: t.Optional(Password),
    newPassword: Password,
  },
  strict,
)
const UserMove = t.Object(
  {
    source: t.String({ minLength: 1, maxLength: 64, description: 'Id of a configured login source' }),
    externalId: t.Optional(
      t.String({
        minLength: 1,
        maxLength: 190,
        description: 'Who this is there; without it the source is asked by name',
      }),
    ),
  },
  strict,
)
const UserQuery = t.Object(
  { ...pageQuery, prefix: t.Optional(t.String({ maxLength: 190, description: 'User names that start so' })) },
  strict,
)

type UserParts = Pick<Core, 'users' | 'throttle'>

export function userRoutes(core: UserParts): readonly Endpoint[] {
  const { users } = core
  return [
    endpoint({
      method: 'GET',
      path: '/users',
      access: 'admin',
      summary: 'List users by name',
      query: UserQuery,
      answer: listOf(UserAnswer),
      handle: async ({ query }) =>
        list(await users.list({ ...pageOf(query), ...(query.prefix !== undefined && { prefix: query.prefix }) }), wire),
    }),
    endpoint({
      method: 'POST',
      path: '/users',
      access: 'admin',
      summary: 'Create a user; without a password not activated yet',
      body: NewUser,
      answer: UserAnswer,
      status: 201,
      handle: async ({ body, caller }) => wire(await users.create(body, caller)),
    }),
    endpoint({
      method: 'GET',
      path: '/users/:id',
      access: 'user',
      summary: 'Read a user by id, name or mail; oneself without being an administrator',
      answer: UserAnswer,
      async handle({ params, who }) {
        const user = await reachable(core, params.id, who)
        return { ...wire(user), groups: await users.groupsOf(user.id) }
      },
    }),
    endpoint({
      method: 'PATCH',
      path: '/users/:id',
      access: 'admin',
      summary: 'Change a user; disabling ends the sessions',
      takes: 'merge-patch',
      body: UserChange,
      answer: UserAnswer,
      async handle({ params, body, caller, who }) {
        const user = await reachable(core, params.id, who)
        return wire(await users.update(user.id, patched(user, body), caller))
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/users/:id',
      access: 'admin',
      summary: 'Delete a user and the sessions',
      async handle({ params, caller, who }) {
        await users.delete((await reachable(core, params.id, who)).id, caller)
      },
    }),
    passwordRoute(core),
    unlockRoute(core),
    moveRoute(core),
  ]
}

function passwordRoute(core: UserParts): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/users/:id:change-password',
    access: 'user',
    summary: 'Change the own password, or reset that of somebody else as administrator',
    body: PasswordChange,
    async handle({ params, body, caller, who }) {
      const user = await reachable(core, params.id, who)
      const own = who.kind === 'user' && who.userId === user.id
      if (!own) return core.users.setPassword(user.id, body.newPassword, caller)
      if (body.currentPassword === undefined) throw currentPasswordMissing()
      return core.users.changePassword(user.id, body.currentPassword, body.newPassword, caller)
    },
  })
}

function moveRoute(core: UserParts): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/users/:id:move',
    access: 'admin',
    summary: 'Give a user to another login source; ends the sessions',
    body: UserMove,
    answer: UserAnswer,
    async handle({ params, body, caller, who }) {
      const user = await reachable(core, params.id, who)
      return wire(await core.users.move(user.id, body, caller))
    },
  })
}

function unlockRoute({ throttle, users }: UserParts): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/users/:id:unlock',
    access: 'admin',
    summary:
      'Forget the failed logins and codes of a name, known here or not, so that the next attempt waits for nothing',
    async handle({ params }) {
      await throttle.clear(params.id)
      const user = await users.get(params.id)
      if (user) await throttle.clear(factorsOf(user))
    },
  })
}

function currentPasswordMissing(): Problem {
  return new Problem('invalid_request', 'Changing the own password takes the current one', {
    faults: [{ path: '/currentPassword', message: 'Expected the current password' }],
  })
}

/** The user by this name, for those who may see it. Others are not told whether there is one. */
async function reachable({ users }: Pick<Core, 'users'>, idOrName: string, who: Who): Promise<User> {
  const user = await users.get(idOrName)
  const all = who.kind === 'operator' || (who.kind === 'user' && who.admin)
  if (!all && !(who.kind === 'user' && user?.id === who.userId))
    throw new Problem('forbidden', 'Only for administrators and the user in question')
  if (!user) throw new Problem('not_found', `There is no user "${idOrName}"`)
  return user
}

/** RFC 7396 inside `claims`: a claim of `null` is removed, the others stay; so do the parts of an address. */
function patched(user: User, change: Static<typeof UserChange>) {
  const patch = { ...unverified(user, change), ...change.claims }
  return Object.keys(patch).length > 0 ? { ...change, claims: merged(user.claims, patch) } : change
}

/** What was verified of the old address or number is not true of a new one, unless the change says so. */
function unverified({ emailKey, claims }: User, { email, claims: given = {} }: Static<typeof UserChange>) {
  const { phone_number: phone = claims['phone_number'] } = given
  const moved = email !== undefined && (email === null ? null : comparisonKey(email)) !== emailKey
  return {
    ...(moved && 'email_verified' in claims && { email_verified: null }),
    ...(phone !== claims['phone_number'] && 'phone_number_verified' in claims && { phone_number_verified: null }),
  }
}

function merged(before: unknown, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result = new Map(isRecord(before) ? Object.entries(before) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name)
    else result.set(name, isRecord(value) ? merged(result.get(name), value) : value)
  }
  return Object.fromEntries(result)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function wire({ usernameKey: _u, emailKey: _e, factorsOnRecord: _f, ...user }: User): Static<typeof UserAnswer> {
  return {
    ...user,
    createdAt: instant(user.createdAt),
    updatedAt: instant(user.updatedAt),
    passwordChangedAt: instantOrNull(user.passwordChangedAt),
    lastLoginAt: instantOrNull(user.lastLoginAt),
  }
}
