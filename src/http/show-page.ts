/** A page as an answer, in the language of who asked. */
import type { Pages, View } from '../web/view.ts'

export interface ShowOptions {
  /** 200 unless told. */
  readonly status?: number
  /** OpenID Connect's `ui_locales`, if the request has it. */
  readonly uiLocales?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export type ShowPage = (view: View, request: Request, options?: ShowOptions) => Response

export function createShowPage(pages: () => Pages): ShowPage {
  return (view, request, { status = 200, uiLocales, headers = {} } = {}) => {
    const acceptLanguage = request.headers.get('accept-language')
    const page = pages().render(view, { uiLocales, acceptLanguage })
    return new Response(page.html, { status, headers: { ...page.headers, ...headers } })
  }
}
