/** What a page is drawn with, beyond its view: language, files, and what the operator made their own. */
import type { ComponentChildren } from 'preact'
import type { AccountNav } from './account-view.ts'
import type { Texts } from './texts/en.ts'

export interface Brand {
  readonly productName: string
  /** In the foot of every page: imprint, privacy, help. */
  readonly links: readonly { readonly text: string; readonly url: string }[]
}

export interface Frame {
  readonly brand: Brand
  readonly texts: Texts
  readonly url: (asset: string) => string
  /** Name of the logo among the assets, and of a stylesheet of the operator's to add. */
  readonly logo: string
  readonly extraStyle: string | undefined
}

/** A page without what is around it. */
export interface Body {
  readonly title: string
  readonly content: ComponentChildren
  readonly scripts?: readonly string[]
  /** Images from elsewhere: the logo of a client. */
  readonly images?: readonly string[]
  /** Where forms may lead besides this server. */
  readonly formTargets?: readonly string[]
  /** Wider than a card: lists. */
  readonly wide?: boolean
  /** On pages of the account. */
  readonly nav?: AccountNav
}
