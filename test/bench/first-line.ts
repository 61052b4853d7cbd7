/** What a program of a benchmark says once it is ready. */
export async function firstLine<Said>(stdout: ReadableStream<Uint8Array>): Promise<Said> {
  const decoder = new TextDecoder()
  let said = ''
  for await (const chunk of stdout) {
    said += decoder.decode(chunk, { stream: true })
    if (said.endsWith('\n')) return JSON.parse(said) as Said // our own process
  }
  throw new Error(`A program under load ended before it listened: ${said}`)
}
