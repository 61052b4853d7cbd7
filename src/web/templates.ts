/**
 * An operator's own pages: `<page>.mustache` draws what is inside the frame of a page, `_name.mustache` is a part of
 * several. Templates decide nothing and run nothing; every value is escaped, and the tags that would not are refused.
 */
import Mustache from 'mustache'
import type { PageName, View } from './view.ts'

export interface PageTemplates {
  /** `undefined` for a page that stays as we draw it. */
  readonly draw: (page: PageName, context: () => Readonly<Record<string, unknown>>) => string | undefined
}

interface TemplateFault {
  readonly path: string
  readonly message: string
}

/** Parts that every template may use: the hidden fields of a form, and what happened before. */
const PARTS: Readonly<Record<string, string>> = {
  hidden: '{{#hidden}}<input type="hidden" name="{{name}}" value="{{value}}">{{/hidden}}',
  notice: '{{#noticeText}}<p class="notice {{notice.kind}}" role="alert" id="notice">{{noticeText}}</p>{{/noticeText}}',
}
const UNESCAPED: readonly string[] = ['&', '{']

export function readTemplates(
  files: Readonly<Record<string, unknown>>,
  known: readonly string[],
): {
  readonly templates: PageTemplates
  readonly faults: readonly TemplateFault[]
} {
  const pages = new Map<string, string>()
  const parts: Record<string, string> = { ...PARTS }
  const faults: TemplateFault[] = []
  for (const [file, text] of Object.entries(files)) {
    if (!file.endsWith('.mustache') || typeof text !== 'string') continue
    const name = file.slice(0, -'.mustache'.length)
    const stray = !name.startsWith('_') && !known.includes(name)
    const message =
      faultIn(text) ?? (stray ? `there is no page of this name; there are ${known.join(', ')}` : undefined)
    if (message !== undefined) faults.push({ path: file, message })
    if (name.startsWith('_')) parts[name] = text
    else pages.set(name, text)
  }
  const writer = new Mustache.Writer()
  return {
    faults,
    templates: {
      draw(page, context) {
        const text = pages.get(page)
        return text === undefined ? undefined : writer.render(text, context(), parts)
      },
    },
  }
}

/** What keeps a template from being used: it does not parse, or holds a tag that would not escape. */
function faultIn(text: string): string | undefined {
  try {
    const unescaped = kindsIn(Mustache.parse(text)).some((kind) => UNESCAPED.includes(kind))
    return unescaped ? 'uses {{{…}}} or {{&…}}, which would not escape what strangers wrote' : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type Tokens = ReturnType<typeof Mustache.parse>

function kindsIn(tokens: Tokens): readonly string[] {
  return tokens.flatMap((token) => [token[0], ...(Array.isArray(token[4]) ? kindsIn(token[4]) : [])])
}

/** What a template sees: the view as it is, and what a template without logic cannot work out itself. */
export function contextOf(
  view: View,
  more: {
    readonly title: string
    readonly lang: string
    readonly texts: unknown
    readonly brand: unknown
    readonly assets: Readonly<Record<string, string>>
    readonly noticeText: string | undefined
    readonly scopeTexts: readonly string[]
  },
): Readonly<Record<string, unknown>> {
  return { ...(JSON.parse(JSON.stringify(view)) as object), ...more, hidden: hiddenOf(view) }
}

function hiddenOf(view: View): readonly { readonly name: string; readonly value: string }[] {
  const fields =
    view.page === 'form-post'
      ? view.fields
      : 'form' in view
        ? { csrf: view.form.csrf, ...view.form.fields, ...(view.page === 'second-factor' && { method: view.method }) }
        : {}
  return Object.entries(fields).map(([name, value]) => ({ name, value }))
}
