/** Every page there is, by name. */
import type { Body } from './frame.ts'
import { consentPage } from './pages/consent.tsx'
import { deviceCodePage, deviceConfirmPage, deviceDonePage, devicePage } from './pages/device.tsx'
import { formPostPage } from './pages/form-post.tsx'
import { loginPage } from './pages/login.tsx'
import { loggedOutPage, logoutPage } from './pages/logout.tsx'
import { refusalPage } from './pages/refusal.tsx'
import { secondFactorPage } from './pages/second-factor.tsx'
import type { Texts } from './texts/en.ts'
import type { PageName, View } from './view.ts'

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

export const PAGE_NAMES = Object.keys(PAGES) as readonly PageName[]

export function bodyOf(view: View, texts: Texts): Body {
  const draw = PAGES[view.page] as (view: View, texts: Texts) => Body
  return draw(view, texts)
}
