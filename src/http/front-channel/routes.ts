/** Everything between a client's request and the answer that a browser carries back. */
import type { Endpoint } from '../endpoint.ts'
import { authorizeRoutes } from './authorize.ts'
import { consentRoutes } from './consent.ts'
import { deviceRoutes } from './device.ts'
import type { FrontChannelParts } from './front-channel.ts'
import { elsewhereRoutes } from './elsewhere.ts'
import { loginRoutes } from './login.ts'
import { logoutRoutes } from './logout.ts'
import { secondFactorRoutes } from './second-factor.ts'

export function frontChannelRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  return [
    authorizeRoutes,
    loginRoutes,
    elsewhereRoutes,
    secondFactorRoutes,
    consentRoutes,
    deviceRoutes,
    logoutRoutes,
  ].flatMap((routes) => routes(parts))
}
