/** A template tag that escapes every value that is not markup itself. */
export interface Html {
  readonly html: string
}

type Value = string | number | boolean | Html | null | undefined | readonly Value[]

export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: parts.reduce((text, part, index) => text + markup(values[index - 1]) + part) }
}

function markup(value: Value): string {
  if (value === undefined || value === null || value === false) return ''
  if (typeof value === 'object') return 'html' in value ? value.html : value.map(markup).join('')
  return escapeHtml(String(value))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
