/**
 * Decisions for the broker's HTTP auth backend (`rabbitmq_auth_backend_http`): user name and password logins, rights
 * from the same rules and matched as the OAuth 2 backend would. The broker's later questions carry only the user name,
 * so each is answered anew from the rules of (user, vhost): what was changed here counts at once.
 */
import type { Audit } from '../audit/audit.ts'
import type { CompleteLogin } from '../factors/complete-login.ts'
import type { Login } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller } from '../world.ts'
import { brokerScopes } from './claims.ts'
import { type BrokerScope, permissionScopes, resourceAccess, topicAccess, vhostAccess } from './matcher.ts'
import type { Broker } from './records.ts'
import type { Permission, Rules, RuleSubject } from './rules.ts'
import { atLeast } from './versions.ts'

/** `allow`, `allow TAG TAG` or `deny`. Without a trailing newline: the broker reads it as part of the word. */
export type Answer = string

export interface UserQuestion {
  readonly username: string
  readonly password: string
}
export interface VhostQuestion {
  readonly username: string
  readonly vhost: string
}
export interface ResourceQuestion extends VhostQuestion {
  readonly name: string
  readonly permission: string
}
export interface TopicQuestion extends ResourceQuestion {
  readonly routingKey: string
}

export interface HttpAuth {
  /** Password login; tags are those of the user's rules for `broker` that hold whatever the vhost. */
  user(question: UserQuestion, broker: Broker, caller: Caller): Promise<Answer>
  vhost(question: VhostQuestion, broker: Broker, caller: Caller): Promise<Answer>
  resource(question: ResourceQuestion, broker: Broker): Promise<Answer>
  topic(question: TopicQuestion, broker: Broker): Promise<Answer>
}

export interface HttpAuthDeps {
  readonly login: Pick<Login, 'withPassword'>
  /** A broker sends a password and nothing else, so whoever needs a second factor comes with a token instead. */
  readonly completeLogin: CompleteLogin
  readonly users: Pick<Users, 'get' | 'subject'>
  readonly rules: Pick<Rules, 'decide' | 'tagsOf'>
  readonly audit: Pick<Audit, 'record'>
}

const PERMISSIONS: readonly string[] = ['configure', 'write', 'read'] satisfies Permission[]

export function createHttpAuth({ login, completeLogin, users, rules, audit }: HttpAuthDeps): HttpAuth {
  async function subjectOf(user: User | undefined): Promise<RuleSubject | undefined> {
    if (!user || user.disabled || !user.activated) return undefined
    const { groups, roles } = await users.subject(user)
    return { kind: 'user', name: user.username, groups, roles }
  }

  async function scopesOf({ username, vhost }: VhostQuestion, broker: Broker): Promise<readonly BrokerScope[]> {
    const subject = await subjectOf(await users.get(username))
    const grant = subject && (await rules.decide(subject, vhost, broker))
    return grant ? permissionScopes(brokerScopes(grant), broker.resourceServerId) : []
  }

  async function mayAccess(question: ResourceQuestion, broker: Broker, access: Access): Promise<Answer> {
    const { name, permission, username } = question
    if (!isPermission(permission)) return 'deny'
    const allowed = access(permission, await scopesOf(question, broker)) !== undefined
    return allowed ? 'allow' : deny(broker, `no rule gives ${username} ${permission} on ${name} in ${question.vhost}`)
  }

  return {
    async user({ username, password }, broker, caller) {
      const subject = await subjectOf(await loggedIn({ login, completeLogin }, { username, password }, caller))
      const tags = subject && (await rules.tagsOf(subject, broker))
      if (tags) return ['allow', ...tags].join(' ')
      if (subject) {
        const detail = { broker: broker.name, reason: 'no rule' }
        audit.record({ event: 'broker.http-auth', outcome: 'refused', target: `user:${username}`, caller, detail })
      }
      return 'deny'
    },
    async vhost(question, broker, caller) {
      const { username, vhost } = question
      const allowed = vhostAccess(vhost, await scopesOf(question, broker)) !== undefined
      audit.record({
        event: 'broker.http-auth',
        outcome: allowed ? 'ok' : 'refused',
        target: `user:${username}`.slice(0, 190),
        caller,
        detail: { broker: broker.name, vhost },
      })
      return allowed ? 'allow' : deny(broker, `no rule gives ${username} anything in ${vhost}`)
    },
    resource: (question, broker) =>
      mayAccess(question, broker, (permission, scopes) => resourceAccess(question, permission, scopes)),
    topic: (question, broker) =>
      mayAccess(question, broker, (permission, scopes) => topicAccess(question, permission, scopes)),
  }
}

type Access = (permission: Permission, scopes: readonly BrokerScope[]) => BrokerScope | undefined

function isPermission(text: string): text is Permission {
  return PERMISSIONS.includes(text)
}

/** Who logged in; why somebody did not is in the audit event of the login. */
async function loggedIn(
  { login, completeLogin }: Pick<HttpAuthDeps, 'login' | 'completeLogin'>,
  question: UserQuestion,
  caller: Caller,
): Promise<User | undefined> {
  try {
    return (await completeLogin(await login.withPassword(question, caller), {}, caller)).user
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return undefined
    throw error
  }
}

/** From 4.3 on a reason is taken, logged, and shown to clients where the broker is set so; earlier it is a bad answer. */
function deny(broker: Broker, reason: string): Answer {
  return atLeast(broker.version, '4.3') ? `deny ${reason.replaceAll(/\p{Cc}/gu, ' ')}` : 'deny'
}
