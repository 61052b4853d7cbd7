/** Draws every page: view in, HTML and headers out. */
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { ApiPage } from './api-page.tsx'
import { createAssets } from './assets.ts'
import type { Body, Brand, Frame } from './frame.ts'
import { Layout } from './layout.tsx'
import { languageFor } from './locale.ts'
import { consentPage } from './pages/consent.tsx'
import { deviceCodePage, deviceConfirmPage, deviceDonePage, devicePage } from './pages/device.tsx'
import { formPostPage } from './pages/form-post.tsx'
import { loginPage } from './pages/login.tsx'
import { loggedOutPage, logoutPage } from './pages/logout.tsx'
import { refusalPage } from './pages/refusal.tsx'
import { secondFactorPage } from './pages/second-factor.tsx'
import { policyOf } from './policy.ts'
import type { Texts } from './texts/en.ts'
import type { PageName, Pages, RenderedPage, View } from './view.ts'

/** Every page there is. */
const PAGES: { readonly [P in PageName]: (view: Extract<View, { page: P }>, texts: Texts) => Body } = {
  login: loginPage,
  'second-factor': secondFactorPage,
  consent: consentPage,
  device: devicePage,
  'device-confirm': deviceConfirmPage,
  'device-code': deviceCodePage,
  'device-done': deviceDonePage,
  logout: logoutPage,
  'logged-out': loggedOutPage,
  refusal: refusalPage,
  'form-post': formPostPage,
}

const BRAND: Brand = { productName: 'Leveret', links: [] }

export interface PagesOptions {
  /** Path of the public URL, without a slash at the end. */
  readonly base: string
}

export function createPages({ base }: PagesOptions): Pages {
  const assets = createAssets(base, {})
  return {
    render(view, reader = {}) {
      const language = languageFor(reader)
      const frame: Frame = {
        brand: BRAND,
        texts: language.texts,
        url: assets.url,
        logo: 'logo.svg',
        extraStyle: undefined,
      }
      const draw = PAGES[view.page] as (view: View, texts: Texts) => Body
      const body = draw(view, language.texts)
      const { scripts = [], images = [], formTargets = [] } = body
      return finished(
        <Layout frame={frame} language={language} body={body} />,
        policyOf({ scripts: scripts.length > 0, images, formTargets }),
        { 'content-language': language.tag, vary: 'accept-language' },
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
