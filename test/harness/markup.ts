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

function decoded(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'",
  )
}
