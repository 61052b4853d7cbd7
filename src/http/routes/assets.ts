/** Stylesheet, scripts and pictures of the pages. Their names change with their content, so browsers may keep them for good. */
import { Problem } from '../../core/problem.ts'
import type { Pages } from '../../web/view.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

export function assetRoutes(pages: () => Pages): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/assets/:file',
      access: 'public',
      summary: 'A file that pages refer to',
      quiet: true,
      handle({ params }) {
        const asset = pages().asset(params.file)
        if (!asset) throw new Problem('not_found', 'There is no such file')
        const keep = asset.lasting ? 'public, max-age=31536000, immutable' : 'public, max-age=300'
        const headers = { 'content-type': asset.type, 'cache-control': keep }
        return new Response(asset.body, { headers })
      },
    }),
  ]
}
