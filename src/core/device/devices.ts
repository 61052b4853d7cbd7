/** The device grant (RFC 8628): a device asks, a person allows it in a browser, the device polls until then. */
import { insert, type Storage, take, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { stillThere } from '../authorization/answer.ts'
import type { Beginnings } from '../authorization/beginnings.ts'
import { recordConsent } from '../authorization/consents.ts'
import type { Visitor } from '../browser/browser-sessions.ts'
import type { Client } from '../clients/records.ts'
import { digestOf } from '../digest.ts'
import type { Throttle } from '../login/throttle.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { clientAuthorization } from '../token/grants/authorizations.ts'
import type { DeviceCodes } from '../token/grants/device-code.ts'
import type { Targets } from '../token/target.ts'
import { newToken } from '../token/token-text.ts'
import type { Caller, World } from '../world.ts'
import { type DeviceCode, deviceCodes } from './records.ts'
import { newUserCode, shownUserCode, typedUserCode } from './user-code.ts'

/** RFC 8628 section 3.2, without the addresses. Seconds. */
export interface DeviceAuthorization {
  readonly deviceCode: string
  readonly userCode: string
  readonly expiresIn: number
  readonly interval: number
}

export interface Devices extends DeviceCodes {
  begin(parameters: Parameters, client: Client, caller: Caller): Promise<DeviceAuthorization>
  /** What waits for this code; a wrong one counts as a guess of the visitor. Throws `too_many_attempts`. */
  find(typed: string, visitor: Visitor, caller: Caller): Promise<DeviceCode | undefined>
  /** Whether this was the decision: the first one stands, and only while the code is valid. */
  decide(device: DeviceCode, visitor: Visitor, decision: Decision): Promise<boolean>
}

export interface Decision {
  readonly allowed: boolean
  readonly caller: Caller
}

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const INTERVAL = 5
/** RFC 8628 section 3.5. */
const SLOWER = 5
/** A device that asks too late hears that, and not that nobody knows it. */
const REMEMBERED = 10 * 60_000

export function createDevices(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly throttle: Throttle
  readonly targets: Targets
  readonly beginnings: Beginnings
}): Devices {
  const { storage, world, settings, audit, throttle, targets, beginnings } = deps
  const stored = repository(storage, deviceCodes)

  /** Waiting: too fast a question makes the pause longer. */
  async function wait(device: DeviceCode): Promise<OAuthError> {
    const now = world.now()
    const hasty = now < device.nextPollAt
    const interval = hasty ? device.interval + SLOWER : device.interval
    const set = { interval, nextPollAt: now + interval * 1000 }
    await storage.commit([update(deviceCodes, { digest: device.digest }, { set, when: { state: 'pending' } })])
    return hasty
      ? new OAuthError('slow_down', `Wait ${interval} seconds between two questions`, { members: { interval } })
      : new OAuthError('authorization_pending', 'Nobody has allowed this yet')
  }

  return {
    async begin(parameters, client, caller) {
      if (!client.grants.includes(DEVICE_GRANT))
        throw new OAuthError('unauthorized_client', 'The client may not use this grant')
      const target = await targets.read(parameters, client)
      if (!client.confidential) await beginnings.count(caller)
      const now = world.now()
      const { deviceCodeTtl } = settings().oauth
      const deviceCode = newToken('lvd_', world)
      let userCode = ''
      await commitOrAgain(storage, async () => {
        userCode = newUserCode(world)
        const row: DeviceCode = {
          digest: digestOf(deviceCode),
          userDigest: digestOf(userCode),
          clientId: client.id,
          userId: null,
          state: 'pending',
          authorization: clientAuthorization(client, target),
          ip: caller.ip ?? null,
          interval: INTERVAL,
          nextPollAt: now,
          createdAt: now,
          validUntil: now + deviceCodeTtl,
          expiresAt: now + deviceCodeTtl + REMEMBERED,
        }
        return [insert(deviceCodes, row)]
      })
      const expiresIn = Math.floor(deviceCodeTtl / 1000)
      return { deviceCode, userCode: shownUserCode(userCode), expiresIn, interval: INTERVAL }
    },
    async find(typed, { user }, { ip }) {
      const guesses = { username: `device codes of ${user.id}`, ip, everywhere: true }
      await using attempt = await throttle.reserve(guesses)
      const equals = { userDigest: digestOf(typedUserCode(typed)) }
      const device = await stored.findOne({ by: ['userDigest'], equals })
      if (device?.state !== 'pending' || device.validUntil <= world.now()) return undefined
      // Not counted, and yet the wrong ones before are not forgotten: anybody can have a right one made.
      await throttle.giveBack(attempt)
      return device
    },
    async decide(device, visitor, { allowed, caller }) {
      const { digest, authorization } = device
      const { session, user } = visitor
      // No `sid`: the device goes on when the browser logs out.
      const { authTime, acr, amr } = session
      const by = { ...authorization, userId: user.id, authTime, acr, amr }
      const set = allowed
        ? { state: 'allowed' as const, userId: user.id, authorization: by }
        : { state: 'denied' as const }
      if (device.validUntil <= world.now()) return false
      const steps = [update(deviceCodes, { digest }, { set, when: { state: 'pending' } }), ...stillThere(visitor)]
      const { ok } = await storage.commit(steps)
      if (ok) recordConsent(audit, { visitor, allowed, asked: authorization, caller })
      return ok
    },
    async poll(deviceCode, client) {
      const digest = digestOf(deviceCode)
      const device = await stored.get({ digest })
      if (device?.clientId !== client.id)
        throw new OAuthError('invalid_grant', 'The device code is not known, or not for this client')
      if (device.validUntil <= world.now()) throw new OAuthError('expired_token', 'The device code has expired')
      if (device.state === 'pending') throw await wait(device)
      if (device.state === 'denied') throw new OAuthError('access_denied', 'The person said no')
      return { authorization: device.authorization, take: take(deviceCodes, { digest }, { state: 'allowed' }) }
    },
  }
}
