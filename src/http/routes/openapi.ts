/** The API description for programs (`/openapi/json`) and for people (`/openapi`). */
import type { AppOptions } from '../app.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { type ApiDescription, describeApi } from '../openapi.ts'

type Options = Pick<AppOptions, 'publicUrl' | 'version' | 'pages'>

export function openapiRoutes(described: readonly Endpoint[], { publicUrl, version, pages }: Options) {
  let made: ApiDescription | undefined
  const description = () => (made ??= describeApi(described, publicUrl.href.replace(/\/$/, ''), version))
  return [
    endpoint({
      method: 'GET',
      path: '/openapi/json',
      access: 'public',
      summary: 'This API as OpenAPI 3.1',
      handle: () => description(),
    }),
    endpoint({
      method: 'GET',
      path: '/openapi',
      access: 'public',
      summary: 'This API as a page',
      handle() {
        const { html, headers } = pages().api(description())
        return new Response(html, { headers })
      },
    }),
  ] satisfies readonly Endpoint[]
}
