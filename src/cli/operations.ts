/** `leveret backup` and `leveret healthcheck`. */
import { resolve } from 'node:path'
import { defineCommand } from './command.ts'
import { configOf, runningServer, withApi } from './client.ts'

export const backup = defineCommand({
  name: 'backup',
  summary: 'Write a consistent copy of the storage to a new file, while the server runs',
  about: `For the embedded storage; other engines have their own means. To start on a copy, put it where the storage's path
    points. The master key is not part of it: keep that apart.`,
  args: { file: { help: 'New file to write; never overwritten' } },
  options: {},
  examples: [{ says: 'A copy a day', line: 'leveret backup "/var/backups/leveret-$(date +%F).db"' }],
  async run(call) {
    const to = resolve(call.io.cwd, call.args.file)
    await withApi(call, (api) => api.send('POST', '/control/backup', { to }))
    return { data: { file: to }, text: `Wrote ${to}` }
  },
})

interface ReadyWire {
  readonly status: string
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[]
}

export const healthcheck = defineCommand({
  name: 'healthcheck',
  summary: 'Exit with 0 if the server on this data folder is ready or degraded, else with 1',
  about:
    'For containers that have no curl. Asks over the control socket, so that no port, name or certificate is needed.',
  args: {},
  options: {},
  examples: [{ says: 'In a Dockerfile', line: 'HEALTHCHECK CMD ["leveret", "healthcheck"]' }],
  async run({ common, io }) {
    const { config } = await configOf(common, io)
    const send = await runningServer(config)
    if (send === undefined) {
      return { data: { status: 'not running', checks: [] }, text: `No server runs on ${config.dataDir}`, ok: false }
    }
    const answer = await send(new Request('http://localhost/readyz'))
    const ready = (await answer.json()) as ReadyWire // our own server of the same version
    const bad = ready.checks
      .filter((check) => !check.ok)
      .map(({ name, detail }) => (detail ? `${name}: ${detail}` : name))
    const text = bad.length === 0 ? ready.status : `${ready.status}: ${bad.join(', ')}`
    return { data: ready, text, ok: answer.ok }
  },
})
