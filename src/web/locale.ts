/** Which language a page is in. */
import { de } from './texts/de.ts'
import { en, type Texts } from './texts/en.ts'
import type { Reader } from './view.ts'

export interface Language {
  /** BCP 47, for the `lang` of the page. */
  readonly tag: string
  readonly texts: Texts
}

export const LANGUAGES: readonly Language[] = [
  { tag: 'en', texts: en },
  { tag: 'de', texts: de },
]
const [ENGLISH] = LANGUAGES as readonly [Language, ...Language[]]

/** Tags beyond these are not looked at: nobody reads more languages, and the header is a stranger's. */
const MOST = 20

/** The first of the reader's languages that there is; English otherwise. */
export function languageFor({ uiLocales, acceptLanguage }: Reader): Language {
  const wanted = [...(uiLocales?.split(/\s+/, MOST) ?? []), ...preferred(acceptLanguage ?? '')]
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split('-', 1)[0]
    const found = LANGUAGES.find(({ tag: known }) => known === primary)
    if (found) return found
  }
  return ENGLISH
}

/** The tags of an Accept-Language header, dearest first. */
function preferred(header: string): readonly string[] {
  return header
    .split(',', MOST)
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';').map((part) => part.trim())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
}

/** A moment as people write it, in the time that all servers agree on. */
export function momentIn(language: string, at: number): string {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return `${format.format(at)} UTC`
}

/** Puts values into the places of a text: `fill('to {client}', { client: 'Grafana' })`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}
