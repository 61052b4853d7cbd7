/** Every page there is, by name. */
import type { Body } from './frame.ts'
import { applicationsPage, passwordPage, profilePage, sessionsPage } from './pages/account.tsx'
import { brokersPage, managementLoginPage } from './pages/brokers.tsx'
import { consentPage } from './pages/consent.tsx'
import { deviceConfirmPage, deviceDonePage, devicePage } from './pages/device.tsx'
import { factorsPage, mailEnrolPage, passkeyEnrolPage, recoveryCodesPage, totpEnrolPage } from './pages/factors.tsx'
import { formPostPage } from './pages/form-post.tsx'
import { loginPage } from './pages/login.tsx'
import { loggedOutPage, logoutPage } from './pages/logout.tsx'
import { refusalPage } from './pages/refusal.tsx'
import { secondFactorPage } from './pages/second-factor.tsx'
import type { Texts } from './texts/en.ts'
import type { PageName, View } from './view.ts'

const PAGES: { readonly [P in PageName]: (view: Extract<View, { page: P }>, texts: Texts, language: string) => Body } =
  {
    login: loginPage,
    'second-factor': secondFactorPage,
    consent: consentPage,
    device: devicePage,
    'device-confirm': deviceConfirmPage,
    'device-done': deviceDonePage,
    logout: logoutPage,
    'logged-out': loggedOutPage,
    refusal: refusalPage,
    'form-post': formPostPage,
    'account-profile': profilePage,
    'account-password': passwordPage,
    'account-factors': factorsPage,
    'account-applications': applicationsPage,
    'account-sessions': sessionsPage,
    'account-brokers': brokersPage,
    'management-login': managementLoginPage,
    'enrol-otp': totpEnrolPage,
    'enrol-passkey': passkeyEnrolPage,
    'enrol-email': mailEnrolPage,
    'recovery-codes': recoveryCodesPage,
  }

export const PAGE_NAMES = Object.keys(PAGES) as readonly PageName[]

/** `language` as a tag, for dates. */
export function bodyOf(view: View, texts: Texts, language: string): Body {
  const draw = PAGES[view.page] as (view: View, texts: Texts, language: string) => Body
  return draw(view, texts, language)
}
