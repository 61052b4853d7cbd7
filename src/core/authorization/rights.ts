/** What the rules give somebody in the vhost that a client asks for. */
import type { Brokers, Rules, VhostGrant } from '../rabbitmq/rules.ts'
import type { Authorization } from '../token/records.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'

export interface Rights {
  /** `undefined` without a rule. */
  of(user: User, asked: Pick<Authorization, 'broker' | 'vhost'>): Promise<VhostGrant | undefined>
}

export function createRights({
  brokers,
  rules,
  users,
}: {
  readonly brokers: Brokers
  readonly rules: Rules
  readonly users: Users
}): Rights {
  return {
    async of(user, { broker: name, vhost }) {
      const broker = name === null ? undefined : await brokers.get(name)
      if (!broker || vhost === null) return undefined
      const { groups, roles } = await users.subject(user)
      return await rules.decide({ kind: 'user', name: user.username, groups, roles }, vhost, broker)
    },
  }
}
