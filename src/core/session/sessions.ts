/** The session workflow: an identity token from a login, access tokens from an identity token. Wire objects in and out. */
import { type Storage, take, update } from '#plugin'
import type { CompleteLogin, GivenCodes } from '../factors/complete-login.ts'
import type { Authentication, ConfiguredSource, Login } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { Brokers } from '../rabbitmq/rules.ts'
import { vhostFault } from '../rabbitmq/scope.ts'
import type { Caller } from '../world.ts'
import { type AccessTokenDeps, createAccessTokens } from './access-tokens.ts'
import { boundAddress } from './address.ts'
import { createIdentityTokens, type Holder, IDENTITY_ALGORITHM } from './identity-tokens.ts'
import { createRecheck } from './recheck.ts'
import { type IdentityToken, identityTokens } from './records.ts'
import { storeInSlot } from './slots.ts'

/** What a session is for; the defaults of the configuration for what is not said. */
export interface SessionTarget {
  readonly vhost?: string
  readonly broker?: string
}
export interface SessionLogin extends SessionTarget, GivenCodes {
  readonly username: string
  readonly password: string
}
export interface SessionLoginResponse {
  /** The identity token, not an OpenID Connect ID token; the name is that of older systems. */
  readonly id_token: string
  readonly token_type: 'bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly vhost: string
  readonly broker: string
  readonly username: string
  readonly ip: string | null
}
export interface SessionTokenResponse {
  readonly access_token: string
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly scope: string
  readonly vhost: string
  readonly broker: string
}
export interface SessionDescription {
  readonly id: string
  readonly username: string
  readonly groups: readonly string[]
  readonly vhost: string
  readonly broker: string
  readonly ip: string | null
  readonly algorithm: string
  /** Epoch seconds. */
  readonly created_at: number
  readonly valid_until: number
  readonly last_used_at: number
}

/**
 * Refusals are `Problem`s; an identity token that is unknown, expired, revoked or used from elsewhere is `invalid_token`
 * to the caller and told apart in the audit log.
 */
export interface Sessions extends AsyncDisposable {
  login(input: SessionLogin, caller: Caller): Promise<SessionLoginResponse>
  /** The same with a token of RFC 4559 in place of name and password. `reply` is the server's proof of itself. */
  negotiate(
    token: Uint8Array,
    target: SessionTarget,
    caller: Caller,
  ): Promise<{ readonly session: SessionLoginResponse; readonly reply?: Uint8Array }>
  /** Exchanges an identity token for an access token of its vhost and broker. */
  exchange(identityToken: string, caller: Caller): Promise<SessionTokenResponse>
  logout(identityToken: string, caller: Caller): Promise<void>
  describe(identityToken: string, caller: Caller): Promise<SessionDescription>
  /** Who holds this identity token; for routes that accept it as a credential. */
  authenticate(identityToken: string, caller: Caller): Promise<{ readonly userId: string; readonly username: string }>
  /** An access token straight from the rules, for `leveret token get`; the caller must be the operator. */
  issueFor(
    input: { readonly username: string; readonly vhost: string; readonly broker?: string },
    caller: Caller,
  ): Promise<SessionTokenResponse>
  /** Writes the remembered `lastUsedAt`; run by the janitor and at shutdown. */
  flush(): Promise<void>
}

export interface SessionDeps extends AccessTokenDeps {
  readonly storage: Storage
  readonly login: Login
  /** What is needed beyond the password. */
  readonly completeLogin: CompleteLogin
  /** The opened login sources; one that offers `refresh` is asked again while a session goes on. */
  readonly sources: () => readonly ConfiguredSource[]
  readonly brokers: Brokers
}

export function createSessions(deps: SessionDeps): Sessions {
  const { storage, world, settings, audit, users, login, completeLogin, brokers } = deps
  const identity = createIdentityTokens(deps)
  const access = createAccessTokens(deps)
  const recheck = createRecheck(deps)
  let used = new Map<string, number>()

  function vhostOf(name: string): string {
    const message = vhostFault(name)
    if (message === undefined) return name
    throw new Problem('invalid_request', `The vhost is not usable: ${message}`, {
      faults: [{ path: '/vhost', message }],
    })
  }

  function vhostFor({ vhost }: SessionTarget): string {
    return vhostOf(vhost ?? settings().session.defaultVhost)
  }

  /** The identity token for somebody who has just proven who they are. */
  async function begin(
    { user, groups }: Authentication,
    vhost: string,
    target: SessionTarget,
    caller: Caller,
  ): Promise<SessionLoginResponse> {
    const { session } = settings()
    const broker = await brokers.choose(target.broker)
    await access.decide({ user, userGroups: groups, vhost, broker, caller })
    const createdAt = world.now()
    const token: Omit<IdentityToken, 'slot'> = {
      id: Buffer.from(world.random(16)).toString('base64url'),
      userId: user.id,
      vhost,
      broker: broker.name,
      ip: boundAddress(caller.ip, session.bindIp),
      algorithm: IDENTITY_ALGORITHM,
      createdAt,
      validUntil: Math.floor((createdAt + session.identityTokenTtl) / 1000) * 1000,
      lastUsedAt: createdAt,
    }
    const who = `user:${user.username}`
    const detail = { kind: 'identity', session: token.id, vhost, broker: broker.name, bound: token.ip }
    if (!(await storeInSlot(storage, { user, token, limit: session.maxIdentityTokens }))) {
      const why = 'user-changed'
      audit.record({ event: 'token.refused', outcome: 'refused', target: who, caller, detail: { ...detail, why } })
      throw new Problem('invalid_credentials', 'User name or password is wrong')
    }
    audit.record({ event: 'token.issued', outcome: 'ok', target: who, caller, detail })
    return {
      id_token: await identity.sign(token),
      token_type: 'bearer',
      expires_in: Math.floor(token.validUntil / 1000) - Math.floor(createdAt / 1000),
      vhost,
      broker: broker.name,
      username: user.username,
      ip: token.ip,
    }
  }

  async function holder(...args: Parameters<typeof identity.holder>): Promise<Holder> {
    const found = await identity.holder(...args)
    used.set(found.record.id, world.now())
    return found
  }

  async function writeUse(id: string, lastUsedAt: number): Promise<void> {
    try {
      // A token that ended meanwhile is gone, and so is the need to write.
      await storage.commit([update(identityTokens, { id }, { set: { lastUsedAt } })])
    } catch (error) {
      used.set(id, Math.max(lastUsedAt, used.get(id) ?? 0))
      throw error
    }
  }

  async function flush(): Promise<void> {
    const pending = used
    used = new Map()
    await Promise.all([...pending].map(([id, at]) => writeUse(id, at)))
  }

  return {
    async login(input, caller) {
      const vhost = vhostFor(input)
      const first = await login.withPassword({ username: input.username, password: input.password }, caller)
      return begin(await completeLogin(first, input, caller), vhost, input, caller)
    },

    async negotiate(token, target, caller) {
      const vhost = vhostFor(target)
      const { authentication, reply } = await login.withNegotiate(token, caller)
      const session = await begin(await completeLogin(authentication, {}, caller), vhost, target, caller)
      return reply ? { session, reply } : { session }
    },

    async exchange(identityToken, caller) {
      const found = await holder(identityToken, 'exchange', caller)
      const { record } = found
      const broker = await brokers.get(record.broker)
      if (!broker)
        return identity.refuse(
          'broker-deleted',
          { target: `user:${found.user.username}`, use: 'exchange', session: record.id },
          caller,
        )
      const user = await recheck(found, caller)
      const limits = { notAfter: record.validUntil, session: record.id }
      return await access.issue({ user, vhost: record.vhost, broker, caller }, limits)
    },

    async logout(identityToken, caller) {
      const { record, user } = await holder(identityToken, 'logout', caller)
      used.delete(record.id)
      await storage.commit([take(identityTokens, { id: record.id })])
      const detail = { session: record.id }
      audit.record({ event: 'logout', outcome: 'ok', target: `user:${user.username}`, caller, detail })
    },

    async describe(identityToken, caller) {
      const { record, user } = await identity.holder(identityToken, 'describe', caller)
      const { groups } = await users.subject(user)
      const { id, vhost, broker, ip, algorithm, createdAt, validUntil, lastUsedAt } = record
      return {
        id,
        username: user.username,
        groups,
        vhost,
        broker,
        ip,
        algorithm,
        created_at: Math.floor(createdAt / 1000),
        valid_until: Math.floor(validUntil / 1000),
        last_used_at: Math.floor((used.get(id) ?? lastUsedAt) / 1000),
      }
    },

    async authenticate(identityToken, caller) {
      const { user } = await holder(identityToken, 'authenticate', caller)
      return { userId: user.id, username: user.username }
    },

    async issueFor({ username, vhost, broker }, caller) {
      if (caller.actor !== 'operator')
        throw new Problem('forbidden', 'Only the operator may do this, on the server itself')
      const user = await users.get(username)
      if (!user) throw new Problem('not_found', `There is no user "${username}"`)
      if (user.disabled || !user.activated) {
        throw new Problem('forbidden', `User "${user.username}" is ${user.disabled ? 'disabled' : 'not activated'}`)
      }
      return await access.issue({ user, vhost: vhostOf(vhost), broker: await brokers.choose(broker), caller })
    },

    flush,
    async [Symbol.asyncDispose]() {
      // Everything else still has to be closed, and when a token was last used is worth a warning only.
      await flush().catch((error: unknown) =>
        world.log.warn('last uses of sessions not written', { error: String(error) }),
      )
    },
  }
}
