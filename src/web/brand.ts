/** What an operator made their own: name, links, sentences, files, templates of pages. */
import type { Brand } from './frame.ts'
import type { Language } from './locale.ts'
import { type PageTemplates, readTemplates } from './templates.ts'
import type { Texts } from './texts/en.ts'

/** A folder of templates, read. */
export interface TemplateFolder {
  readonly brand: {
    readonly productName?: string
    readonly links: Brand['links']
    readonly texts: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>
  }
  readonly files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>
}

/** Ready to be drawn with. */
export interface Branding {
  readonly brand: Brand
  readonly assets: TemplateFolder['files']
  readonly logo: string
  readonly extraStyle: string | undefined
  readonly templates: PageTemplates
  /** The texts of a language with the operator's own in their place. */
  readonly textsOf: (language: Language) => Texts
}

/** Everything that is wrong with a folder, by the file it is in. */
export class TemplateError extends Error {
  override name = 'TemplateError'
  readonly faults: readonly { readonly path: string; readonly message: string }[]

  constructor(faults: TemplateError['faults']) {
    super(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'))
    this.faults = faults
  }
}

const LOGOS = ['logo.svg', 'logo.png', 'logo.webp']
const NONE: TemplateFolder = { brand: { links: [], texts: {} }, files: {} }

export function brandingOf(
  folder: TemplateFolder = NONE,
  { languages, pages }: { readonly languages: readonly Language[]; readonly pages: readonly string[] },
): Branding {
  const { productName = 'Leveret', links, texts } = folder.brand
  const { templates, faults } = readTemplates(folder.files, pages)
  const own = new Map<string, Texts>()
  const wrong = [...faults, ...unknownTexts(texts, languages)]
  if (wrong.length > 0) throw new TemplateError(wrong)
  for (const { tag, texts: built } of languages) own.set(tag, withOwn(built, texts[tag] ?? {}))
  return {
    brand: { productName, links },
    assets: Object.fromEntries(Object.entries(folder.files).filter(([name]) => !name.endsWith('.mustache'))),
    logo: LOGOS.find((name) => name in folder.files) ?? 'logo.svg',
    extraStyle: 'extra.css' in folder.files ? 'extra.css' : undefined,
    templates,
    textsOf: (language) => own.get(language.tag) ?? language.texts,
  }
}

function unknownTexts(texts: TemplateFolder['brand']['texts'], languages: readonly Language[]) {
  return Object.entries(texts).flatMap(([tag, sections]) => {
    const known = languages.find((language) => language.tag === tag)?.texts as SectionsOf | undefined
    if (!known) return [{ path: `brand.toml texts.${tag}`, message: 'there are no pages in this language' }]
    return Object.entries(sections).flatMap(([section, words]) =>
      Object.keys(words)
        .filter((name) => !Object.hasOwn(known, section) || !Object.hasOwn(known[section] ?? {}, name))
        .map((name) => ({ path: `brand.toml texts.${tag}.${section}.${name}`, message: 'no page has such a text' })),
    )
  })
}

type SectionsOf = Readonly<Record<string, Readonly<Record<string, string>>>>

function withOwn(built: Texts, own: SectionsOf): Texts {
  const sections = Object.entries(built).map(([name, words]) => [name, { ...words, ...own[name] }])
  return Object.fromEntries(sections) as Texts
}
