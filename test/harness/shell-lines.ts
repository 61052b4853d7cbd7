/** Lines of shell in documents and help pages, read far enough to find the calls of the program in them. */

/** The calls of the program in a line of shell, as words: where a command begins, or behind the `--` of another one. */
export function callsIn(line: string): string[][] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(>>?|\|\|?|&&?|[^\s'"|&>]+)/g)].map(
    ([, single, double, bare]) => ({ text: single ?? double ?? bare ?? '', bare: bare !== undefined }),
  )
  const calls: string[][] = []
  let current: string[] | undefined
  let begins = true
  for (const { text, bare } of words) {
    const operator = bare && /^(?:>>?|\|\|?|&&?)$/.test(text)
    if (operator) current = undefined
    else if (current !== undefined) current.push(text)
    else if (begins && text === 'leveret') calls.push((current = []))
    begins = operator || text === '--'
  }
  return calls
}
