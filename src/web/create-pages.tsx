/** Draws every page: view in, HTML and headers out. */
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { ApiPage } from './api-page.tsx'
import { createAssets } from './assets.ts'
import { brandingOf, type TemplateFolder } from './brand.ts'
import type { Body, Frame } from './frame.ts'
import { Layout } from './layout.tsx'
import { LANGUAGES, type Language, languageFor } from './locale.ts'
import { bodyOf, PAGE_NAMES } from './page-table.ts'
import { noticeText, wordsOf } from './parts.tsx'
import { policyOf } from './policy.ts'
import { contextOf } from './templates.ts'
import type { Pages, RenderedPage, View } from './view.ts'

export interface PagesOptions {
  /** Path of the public URL, without a slash at the end. */
  readonly base: string
  /** What the operator put in place of our looks. */
  readonly folder?: TemplateFolder
}

/** Throws a `TemplateError` for a folder that cannot be used. */
export function createPages({ base, folder }: PagesOptions): Pages {
  const branding = brandingOf(folder, { languages: LANGUAGES, pages: PAGE_NAMES })
  const assets = createAssets(base, branding.assets)
  const { brand, logo, extraStyle, templates } = branding

  /** The inside of a page as the operator's template draws it, if there is one. */
  function templated(view: View, { title }: Body, language: Language, frame: Frame): string | undefined {
    return templates.draw(view.page, () =>
      contextOf(view, {
        title,
        lang: language.tag,
        texts: frame.texts,
        brand,
        assets: assets.named,
        noticeText: 'notice' in view && view.notice ? noticeText(view.notice, frame.texts) : undefined,
        scopeTexts: 'scopes' in view ? view.scopes.map((scope) => wordsOf(scope, frame.texts)) : [],
      }),
    )
  }

  return {
    render(view, reader = {}) {
      const language = languageFor(reader)
      const frame: Frame = { brand, texts: branding.textsOf(language), url: assets.url, logo, extraStyle }
      const body = bodyOf(view, frame.texts, language.tag)
      const own = templated(view, body, language, frame)
      const { scripts = [], images = [], formTargets = [] } = body
      return finished(
        <Layout frame={frame} language={language} body={body} own={own} />,
        policyOf({ scripts: scripts.length > 0, images, formTargets }),
        {
          'content-language': language.tag,
          vary: 'accept-language',
          // A browser that may say nothing would send our own forms with the origin `null`.
          'referrer-policy': view.page === 'form-post' ? 'strict-origin' : 'same-origin',
        },
      )
    },
    api: (description) => finished(<ApiPage api={description} style={assets.url('api.css')} />, policyOf({})),
    asset: assets.find,
  }
}

function finished(page: VNode, policy: string, more: Readonly<Record<string, string>> = {}): RenderedPage {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, ...more }
  return { html: `<!doctype html>${renderToString(page)}`, headers }
}
