/** Second factors of a user, for administrators: what there is, whether one is demanded, and a way out for who lost them. */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { existingUser } from './existing-user.ts'
import { Instant, instant, instantOrNull, strict } from '../schemas.ts'

const FactorsAnswer = t.Object({
  demanded: t.Boolean({ description: 'This user needs one, whatever group or client' }),
  factors: t.Array(
    t.Object({
      id: t.String(),
      method: t.String({ description: '`passkey`, `otp`, `email` or `recovery_code`' }),
      name: t.String(),
      createdAt: Instant,
      lastUsedAt: t.Union([Instant, t.Null()]),
      left: t.Optional(t.Integer({ description: 'Recovery codes that are left' })),
    }),
  ),
})
const DemandBody = t.Object({ demanded: t.Boolean() }, strict)

export function userFactorRoutes({ users, factors }: Pick<Core, 'users' | 'factors'>): readonly Endpoint[] {
  const existing = (idOrName: string) => existingUser(users, idOrName)

  return [
    endpoint({
      method: 'GET',
      path: '/users/:id/factors',
      access: 'admin',
      summary: 'Second factors of a user',
      answer: FactorsAnswer,
      async handle({ params }) {
        const user = await existing(params.id)
        const [list, demanded] = await Promise.all([factors.list(user), factors.demanded(user)])
        const wire = list.map(({ createdAt, lastUsedAt, ...factor }) => ({
          ...factor,
          createdAt: instant(createdAt),
          lastUsedAt: instantOrNull(lastUsedAt),
        }))
        return { demanded, factors: wire }
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/users/:id/factors',
      access: 'admin',
      summary: 'Take every second factor of a user away, for somebody who lost them',
      handle: async ({ params, caller }) => factors.reset(await existing(params.id), caller),
    }),
    endpoint({
      method: 'POST',
      path: '/users/:id:demand-factor',
      access: 'admin',
      summary: 'Demand a second factor of a user, or no longer',
      body: DemandBody,
      handle: async ({ params, body, caller }) => factors.demand(await existing(params.id), body.demanded, caller),
    }),
  ]
}
