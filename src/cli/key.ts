/** `leveret key`: the signing keys. */
import { type CommandGroup, defineCommand } from './command.ts'
import { segment, withApi } from './client.ts'
import { table } from './table.ts'

interface KeyWire {
  readonly kid: string
  readonly algorithm: string
  readonly state: 'next' | 'active' | 'previous'
  readonly createdAt: string
  readonly activeAt: string
  readonly retiresAt: string | null
}

const list = defineCommand({
  name: 'list',
  summary: 'List the signing keys',
  about: `"next" is in the key set and does not sign yet, "active" signs, "previous" only verifies until every token signed with
    it has expired.`,
  args: {},
  options: {},
  examples: [{ says: 'Every key and its state', line: 'leveret key list' }],
  async run(call) {
    const keys = await withApi(call, (api) => api.list<KeyWire>('/keys'))
    const rows = keys.map((key) => [key.kid, key.algorithm, key.state, key.activeAt, key.retiresAt ?? '-'])
    return {
      data: keys,
      text: table(['key', 'algorithm', 'state', 'active from', 'leaves'], rows, 'There are no keys'),
    }
  },
})

const rotate = defineCommand({
  name: 'rotate',
  summary: 'Make a new key and let it replace the active one',
  about: `Keys rotate by themselves. The new key is published first and signs after keys.publishAhead, so that brokers have
    fetched it by then; with --now it signs at once.`,
  args: {},
  options: {
    algorithm: { type: 'string', choices: ['ES256', 'RS256', 'EdDSA'], help: 'Which key to replace (default: ES256)' },
    now: { type: 'boolean', help: 'Sign with the new key at once' },
  },
  examples: [
    { says: 'Replace the key of access tokens in good order', line: 'leveret key rotate' },
    { says: 'Replace another key at once', line: 'leveret key rotate --algorithm RS256 --now' },
  ],
  async run(call) {
    const body = { algorithm: call.options.algorithm ?? 'ES256', now: call.options.now }
    const key = await withApi(call, (api) => api.send<KeyWire>('POST', '/keys', body))
    return { data: key, text: `Made key ${key.kid} (${key.algorithm}), signing from ${key.activeAt}` }
  },
})

const retire = defineCommand({
  name: 'retire',
  summary: 'Withdraw a key at once: nothing signed with it is valid any more',
  about: 'For a key that may have leaked. Everybody whose token it signed has to log in again.',
  args: { kid: { help: 'Key id, as "leveret key list" prints it' } },
  options: {},
  examples: [{ says: 'Withdraw a key', line: 'leveret key retire 7Yc3…' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/keys/${segment(call.args.kid)}`))
    return { data: { kid: call.args.kid }, text: `Withdrew key ${call.args.kid}` }
  },
})

export const key: CommandGroup = { name: 'key', summary: 'Signing keys', commands: [list, rotate, retire] }
