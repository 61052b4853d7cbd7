/** Every page of the account. */
import type { Endpoint } from '../endpoint.ts'
import { applicationRoutes } from './applications.ts'
import { brokerPageRoutes } from './brokers.ts'
import { factorRoutes } from './factors.ts'
import { passwordRoutes } from './password.ts'
import { profileRoutes } from './profile.ts'
import { sessionPageRoutes } from './sessions.ts'
import type { AccountParts } from './visit.ts'

export function accountRoutes(parts: AccountParts): readonly Endpoint[] {
  return [profileRoutes, passwordRoutes, factorRoutes, applicationRoutes, brokerPageRoutes, sessionPageRoutes].flatMap(
    (routes) => routes(parts),
  )
}
