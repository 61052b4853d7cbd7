/** Groups and their members (`/groups`). */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import type { Group } from '../../core/users/records.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { Instant, instant, list, listOf, PageQuery, pageOf, pageQuery, strict } from '../schemas.ts'
import { wire as userWire } from './users.ts'

const changeable = {
  description: t.String({ maxLength: 1000 }),
  roles: t.Array(t.String({ maxLength: 190 }), { maxItems: 200 }),
}
const GroupAnswer = t.Object({ name: t.String(), ...changeable, createdAt: Instant, updatedAt: Instant })
const NewGroup = t.Object(
  { name: t.String({ minLength: 1, maxLength: 190 }), ...t.Partial(t.Object(changeable)).properties },
  strict,
)

export function groupRoutes({ groups }: Pick<Core, 'groups'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/groups',
      access: 'admin',
      summary: 'List groups by name',
      query: t.Object({ ...pageQuery, prefix: t.Optional(t.String({ maxLength: 190 })) }, strict),
      answer: listOf(GroupAnswer),
      handle: async ({ query }) =>
        list(
          await groups.list({ ...pageOf(query), ...(query.prefix !== undefined && { prefix: query.prefix }) }),
          wire,
        ),
    }),
    endpoint({
      method: 'POST',
      path: '/groups',
      access: 'admin',
      summary: 'Create a group',
      body: NewGroup,
      answer: GroupAnswer,
      status: 201,
      handle: async ({ body, caller }) => wire(await groups.create(body, caller)),
    }),
    endpoint({
      method: 'GET',
      path: '/groups/:name',
      access: 'admin',
      summary: 'Read a group',
      answer: GroupAnswer,
      async handle({ params }) {
        const group = await groups.get(params.name)
        if (!group) throw new Problem('not_found', `There is no group "${params.name}"`)
        return wire(group)
      },
    }),
    endpoint({
      method: 'PATCH',
      path: '/groups/:name',
      access: 'admin',
      summary: 'Change a group',
      takes: 'merge-patch',
      body: t.Partial(t.Object(changeable), strict),
      answer: GroupAnswer,
      handle: async ({ params, body, caller }) => wire(await groups.update(params.name, body, caller)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/groups/:name',
      access: 'admin',
      summary: 'Delete a group with its memberships',
      handle: ({ params, caller }) => groups.delete(params.name, caller),
    }),
    ...memberRoutes(groups),
  ]
}

function memberRoutes(groups: Core['groups']): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/groups/:name/members',
      access: 'admin',
      summary: 'List the members of a group',
      query: PageQuery,
      handle: async ({ params, query }) => list(await groups.members(params.name, pageOf(query)), userWire),
    }),
    endpoint({
      method: 'PUT',
      path: '/groups/:name/members/:username',
      access: 'admin',
      summary: 'Add a member',
      handle: ({ params, caller }) => groups.addMember(params.name, params.username, caller),
    }),
    endpoint({
      method: 'DELETE',
      path: '/groups/:name/members/:username',
      access: 'admin',
      summary: 'Remove a member',
      handle: ({ params, caller }) => groups.removeMember(params.name, params.username, caller),
    }),
  ]
}

function wire(group: Group) {
  return { ...group, createdAt: instant(group.createdAt), updatedAt: instant(group.updatedAt) }
}
