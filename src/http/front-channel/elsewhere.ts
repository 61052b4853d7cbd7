/** "Log in with …": the way to an upstream and back. */
import { CALLBACK } from '../../core/authorization/logins-elsewhere.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { createFrontChannel, type FrontChannelParts, PATHS, seeOther } from './front-channel.ts'
import { failureOf } from './trouble.ts'

export function elsewhereRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { elsewhere } = parts.core.authorizations
  const { stepOf } = createFrontChannel(parts)
  const shared = { method: 'GET', access: 'public', errors: 'page' } as const
  return [
    endpoint({
      ...shared,
      path: `${PATHS.login}/:source`,
      summary: 'To the place where a source logs people in',
      async handle(input) {
        const step = await stepOf(new URL(input.request.url).searchParams.get('interaction') ?? '', input)
        try {
          return seeOther(await elsewhere.begin(step.seen, input.params.source))
        } catch (error) {
          failureOf(error, 'source_failed')
          return seeOther(step.url(PATHS.login, { failed: '1' }))
        }
      },
    }),
    endpoint({
      ...shared,
      path: CALLBACK,
      summary: 'Back from there',
      async handle(input) {
        const { search, searchParams } = new URL(input.request.url)
        const step = await stepOf(elsewhere.idOf(searchParams.get('state') ?? ''), input)
        try {
          return step.finish(await elsewhere.complete(step.seen.started, search, step.browser))
        } catch (error) {
          failureOf(error, 'source_failed')
          return seeOther(step.url(PATHS.login, { failed: '1' }))
        }
      },
    }),
  ]
}
