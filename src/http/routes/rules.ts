/** Vhost rules (`/rabbitmq/rules`): who may do what in which vhosts. */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import type { Rule } from '../../core/rabbitmq/records.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { Instant, instant, list, listOf, nullableText, PageQuery, pageOf, strict } from '../schemas.ts'

const Patterns = t.Array(t.String({ minLength: 1, maxLength: 512 }), { maxItems: 200 })
const required = {
  subjectKind: t.Union([t.Literal('user'), t.Literal('group'), t.Literal('role'), t.Literal('client')]),
  subject: t.String({ minLength: 1, maxLength: 190 }),
  vhost: t.String({ minLength: 1, maxLength: 190, description: 'A name or a pattern with *' }),
}
const optional = {
  broker: nullableText(64),
  configure: Patterns,
  write: Patterns,
  read: Patterns,
  tags: t.Array(t.String({ minLength: 1, maxLength: 64 }), { maxItems: 20 }),
  preset: nullableText(64),
  note: t.String({ maxLength: 1000 }),
}
/** Not kept: a preset makes its patterns of it. */
const prefix = t.Optional(t.String({ maxLength: 512, description: 'The preset is about names that begin so' }))
const RuleAnswer = t.Object({ id: t.String(), ...required, ...optional, createdAt: Instant, updatedAt: Instant })

export function ruleRoutes({ rules }: Pick<Core, 'rules'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/rabbitmq/rules',
      access: 'admin',
      summary: 'List vhost rules',
      query: PageQuery,
      answer: listOf(RuleAnswer),
      handle: async ({ query }) => list(await rules.list(pageOf(query)), ruleWire),
    }),
    endpoint({
      method: 'POST',
      path: '/rabbitmq/rules',
      access: 'admin',
      summary: 'Create a rule; a preset fills the patterns that are left out',
      body: t.Object({ ...required, ...t.Partial(t.Object(optional)).properties, prefix }, strict),
      answer: RuleAnswer,
      status: 201,
      handle: async ({ body, caller }) => ruleWire(await rules.create(body, caller)),
    }),
    endpoint({
      method: 'GET',
      path: '/rabbitmq/rules/:id',
      access: 'admin',
      summary: 'Read a rule',
      answer: RuleAnswer,
      async handle({ params }) {
        const rule = await rules.get(params.id)
        if (!rule) throw new Problem('not_found', `There is no rule "${params.id}"`)
        return ruleWire(rule)
      },
    }),
    endpoint({
      method: 'PATCH',
      path: '/rabbitmq/rules/:id',
      access: 'admin',
      summary: 'Change a rule',
      takes: 'merge-patch',
      body: t.Partial(t.Object({ ...required, ...optional, prefix }), strict),
      answer: RuleAnswer,
      handle: async ({ params, body, caller }) => ruleWire(await rules.update(params.id, body, caller)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/rabbitmq/rules/:id',
      access: 'admin',
      summary: 'Delete a rule',
      handle: ({ params, caller }) => rules.delete(params.id, caller),
    }),
  ]
}

export function ruleWire(rule: Rule) {
  return { ...rule, createdAt: instant(rule.createdAt), updatedAt: instant(rule.updatedAt) }
}
