/** HTML as a browser would read it, for tests of pages: Bun's own parser tells the elements. */

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** Every element in order of its start tag. */
export function elementsOf(html: string): readonly Element[] {
  const found: Element[] = []
  const rewriter = new HTMLRewriter().on('*', {
    element({ tagName, attributes }) {
      found.push({
        name: tagName,
        attributes: Object.fromEntries([...attributes].map(([name, value]) => [name, decoded(value)])),
      })
    },
  })
  rewriter.transform(html)
  return found
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decoded(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot));/gi,
    (_, hex?: string, decimal?: string, name = '') => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      return decimal === undefined ? (NAMED[String(name)] ?? '') : String.fromCodePoint(Number(decimal))
    },
  )
}
