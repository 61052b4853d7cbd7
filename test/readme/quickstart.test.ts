/** The first of the README's two commands, in a folder of its own, and the lines that it prints. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { temporaryFolder } from '../harness/plugins.ts'
import { repository } from './readme.ts'

setDefaultTimeout(180_000)

/** Everything said up to the last line of the introduction. */
async function introduced(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let said = ''
  for await (const chunk of stdout.values({ preventCancel: true })) {
    said += decoder.decode(chunk, { stream: true })
    if (/^curl .*\/auth\/session -H .*$\n/m.test(said)) return said
  }
  throw new Error(`The quickstart ended early: ${said}`)
}

function quickstart(folder: string) {
  return Bun.spawn(['sh', join(repository, '.ci/quickstart'), folder], {
    env: { ...process.env, LEVERET_LOG_LEVEL: 'warn' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
}

test('builds, sets up, starts; the printed lines work; a second start finds what is there', async () => {
  await using folder = await temporaryFolder()
  const first = quickstart(folder.path)
  const said = await introduced(first.stdout)
  expect(said).toMatch(/One-time password: +\S{20,}\n/)
  const lines = said.split('\n').filter((line) => /^(?:ID=|curl )/.test(line))
  const script = Bun.spawn(['sh', '-e', '-c', lines.join('\n')], { stdout: 'pipe' })
  const answers = (await new Response(script.stdout).text()).trim().split('\n')
  expect(answers.map((answer) => JSON.parse(answer) as unknown)).toMatchObject([
    { token_type: 'bearer', vhost: 'prod' },
    { username: 'admin', vhost: 'prod' },
  ])
  first.kill('SIGINT')
  expect(await first.exited).toBe(0)

  const second = quickstart(folder.path)
  expect(await introduced(second.stdout)).toContain('It was set up before')
  second.kill('SIGTERM')
  expect(await second.exited).toBe(0)
})
