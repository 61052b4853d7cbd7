/** `leveret token`: access tokens for scripts and for services that cannot fetch their own. */
import { resolve } from 'node:path'
import { type CommandGroup, defineCommand, UsageError } from './command.ts'
import { SOURCE_OPTIONS, tokenSource } from './token-source.ts'
import { deliveryTo, watchTokens } from './watch.ts'

const get = defineCommand({
  name: 'get',
  summary: 'Print an access token',
  about: `Without --url the token comes straight from the rules, for whoever may read the data folder. With --url it comes from
    a server, as for any client: log in, exchange.`,
  args: {},
  options: SOURCE_OPTIONS,
  examples: [
    { says: 'As the operator', line: 'leveret token get --user alice --vhost prod' },
    {
      says: 'From another machine, with the private CA of the server',
      line: 'leveret token get --url https://login.corp.internal --ca ca.pem --user alice --password-file alice.pw',
    },
  ],
  async run(call) {
    const source = await tokenSource(call)
    const token = await source()
    return { data: token, text: token.access_token }
  },
})

const watch = defineCommand({
  name: 'watch',
  summary: 'Keep a fresh access token in a file, or hand each new one to a command',
  about: `Runs until it is stopped and gets a new token at two thirds of the life of the one before. The file has mode 600 and is
    replaced in one step, so that a reader never sees half a token. The command of --exec gets the token on its input, at the
    start and after each refresh; a client then calls update-secret on its open connection.

    If the server is away for a while the old token stays and it is tried again.`,
  args: {},
  options: {
    ...SOURCE_OPTIONS,
    out: { type: 'string', value: 'FILE', help: 'Keep the token in this file' },
    exec: { type: 'string', value: 'CMD', help: 'Run this for every new token, which it reads from its input' },
  },
  examples: [
    {
      says: 'A token file beside a service',
      line: 'leveret token --watch --user invoicer --vhost prod --out /run/invoicer/token',
    },
    {
      says: 'From another machine, telling the service each time',
      line: 'leveret token --watch --url https://login.corp.internal --user invoicer --password-file pw --exec ./use-token',
    },
  ],
  async run(call) {
    const { out, exec } = call.options
    if (out === undefined && exec === undefined) throw new UsageError('--out or --exec is required, or both')
    const stop = new AbortController()
    using _term = call.io.onSignal('SIGTERM', () => stop.abort())
    using _int = call.io.onSignal('SIGINT', () => stop.abort())
    const source = await tokenSource(call)
    const deliver = deliveryTo(out === undefined ? undefined : resolve(call.io.cwd, out), exec)
    await watchTokens({ source, deliver, io: call.io, signal: stop.signal })
    return undefined
  },
})

export const token: CommandGroup = {
  name: 'token',
  summary: 'Access tokens: get one, keep one fresh',
  commands: [get, watch],
  shortcuts: { '--watch': 'watch' },
}
