/** Every page on a real socket, as the server would send it, without the server. */
import { createPages } from '../../src/web/create-pages.tsx'
import type { View } from '../../src/web/view.ts'

export interface Gallery extends AsyncDisposable {
  /** Address of the view at this place; `language` as the browser would ask for it. */
  url(index: number, language?: string): string
  /** Forms that were sent, newest last. */
  readonly sent: readonly URLSearchParams[]
}

export function openGallery(viewsAt: (origin: string) => readonly View[]): Gallery {
  const pages = createPages({ base: '' })
  const sent: URLSearchParams[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname, searchParams, origin } = new URL(request.url)
      if (request.method === 'POST') {
        sent.push(new URLSearchParams(await request.text()))
        return new Response('sent')
      }
      const asset = pages.asset(pathname.replace('/assets/', ''))
      if (asset) return new Response(asset.body, { headers: { 'content-type': asset.type } })
      const view = viewsAt(origin)[Number(pathname.slice(1))]
      if (!view) return new Response('not found', { status: 404 })
      const { html, headers } = pages.render(view, { uiLocales: searchParams.get('language') ?? 'en' })
      return new Response(html, { headers })
    },
  })
  return {
    sent,
    url: (index, language = 'en') => `${server.url.origin}/${index}?language=${language}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}
