/** The management UIs of brokers, as a person may open them: with a token of theirs that a form posts (RabbitMQ from 4.0). */
import { Problem } from '../problem.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller } from '../world.ts'
import { type BrokerTokenDeps, createBrokerTokens } from './broker-tokens.ts'
import type { Broker } from './records.ts'
import type { Brokers, Rules, RuleSubject } from './rules.ts'
import { atLeast } from './versions.ts'

export interface ManagementPlace {
  readonly broker: Broker
  readonly vhost: string
  readonly tags: readonly string[]
}

/** What a form sends, and where to. */
export interface ManagementLogin {
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
}

export interface ManagementLogins {
  /** Whether any broker has a management UI that is known here. */
  any(): Promise<boolean>
  /** Where the rules let a person into a management UI: vhosts that some rule names. */
  list(user: User): Promise<readonly ManagementPlace[]>
  /** A token for one of them. Refuses with `no_rule` what the rules do not give. */
  open(
    request: { readonly user: User; readonly broker: string; readonly vhost: string; readonly session: string },
    caller: Caller,
  ): Promise<ManagementLogin>
}

/** Whether its management UI is known here and takes a token that a form posts. */
function takesTokens({ managementUrl, version }: Broker): boolean {
  return managementUrl !== null && atLeast(version, '4.0')
}

/** Tags with which a broker lets somebody into its management UI. */
const ENTERING: ReadonlySet<string> = new Set(['management', 'policymaker', 'monitoring', 'administrator'])

export function createManagementLogins(
  deps: BrokerTokenDeps & {
    readonly brokers: Pick<Brokers, 'get' | 'list'>
    readonly rules: Pick<Rules, 'decide' | 'vhosts'>
    readonly users: Pick<Users, 'subject'>
  },
): ManagementLogins {
  const { settings, brokers, rules, users } = deps
  const tokens = createBrokerTokens(deps)

  async function subjectOf(user: User): Promise<RuleSubject> {
    const { groups, roles } = await users.subject(user)
    return { kind: 'user', name: user.username, groups, roles }
  }

  async function placeOf(subject: RuleSubject, vhost: string, broker: Broker): Promise<ManagementPlace | undefined> {
    const grant = await rules.decide(subject, vhost, broker)
    return grant?.tags.some((tag) => ENTERING.has(tag)) ? { broker, vhost, tags: grant.tags } : undefined
  }

  const managed = async () => (await brokers.list()).filter(takesTokens)

  return {
    any: async () => (await managed()).length > 0,
    async list(user) {
      const subject = await subjectOf(user)
      const asked = (await managed()).map(async (broker) => {
        const vhosts = new Set([...(await rules.vhosts(broker)), settings().session.defaultVhost])
        return await Promise.all([...vhosts].toSorted().map((vhost) => placeOf(subject, vhost, broker)))
      })
      return (await Promise.all(asked)).flat().filter((place) => place !== undefined)
    },
    async open({ user, broker: name, vhost, session }, caller) {
      const subject = await subjectOf(user)
      const broker = await brokers.get(name)
      const place = broker && takesTokens(broker) ? await placeOf(subject, vhost, broker) : undefined
      if (!place) throw new Problem('no_rule', 'No rule lets you into the management of this vhost')
      const limits = { detail: { session, use: 'management' } }
      const { token } = await tokens.issue({ subject, vhost, broker: place.broker, caller }, limits)
      return { url: `${place.broker.managementUrl}/login`, fields: { access_token: token } }
    },
  }
}
