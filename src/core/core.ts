/** The domain, composed: what the HTTP surface and the command line speak to. */
import type { Storage } from '#plugin'
import type { Audit } from './audit/audit.ts'
import type { KeyRing } from './keys/key-ring.ts'
import type { Login } from './login/login.ts'
import type { Brokers, Rules } from './rabbitmq/rules.ts'
import type { Sessions } from './session/sessions.ts'
import type { Settings } from './settings.ts'
import type { Groups, Users } from './users/users.ts'
import type { World } from './world.ts'

export interface Core {
  readonly world: World
  readonly settings: () => Settings
  readonly storage: Storage
  readonly audit: Audit
  readonly keys: KeyRing
  readonly users: Users
  readonly groups: Groups
  readonly login: Login
  readonly sessions: Sessions
  readonly brokers: Brokers
  readonly rules: Rules
}
