/** `leveret user sessions`: where a user is logged in with a browser. */
import { segment, withApi } from './client.ts'
import { type CommandGroup, defineCommand } from './command.ts'
import { table } from './table.ts'

interface SessionsWire {
  readonly sessions: readonly {
    readonly sid: string
    readonly ip: string | null
    readonly userAgent: string
    readonly createdAt: string
    readonly lastSeenAt: string
  }[]
}

const username = { help: 'User name, e-mail address or id' } as const

const list = defineCommand({
  name: 'list',
  summary: 'Show where a user is logged in with a browser',
  args: { username },
  options: {},
  examples: [{ says: 'Where alice is logged in', line: 'leveret user sessions list alice' }],
  async run(call) {
    const { username: name } = call.args
    const found = await withApi(call, (api) => api.get<SessionsWire>(`/users/${segment(name)}/sessions`))
    const rows = found.sessions.map(({ sid, ip, createdAt, lastSeenAt, userAgent }) => {
      return [sid, ip ?? '', createdAt, lastSeenAt, userAgent]
    })
    return { data: found, text: table(['session', 'address', 'since', 'last seen', 'browser'], rows, 'No sessions') }
  },
})

const end = defineCommand({
  name: 'end',
  summary: 'End one session of a user',
  about:
    'Clients of that session lose the tokens they got in it, except those for offline use, and hear of the logout.',
  args: { username, session: { help: 'As `leveret user sessions list` shows it' } },
  options: {},
  examples: [{ says: 'End the session on a lost laptop', line: 'leveret user sessions end alice s_5d1f' }],
  async run(call) {
    const { username: name, session } = call.args
    await withApi(call, (api) => api.send('DELETE', `/users/${segment(name)}/sessions/${segment(session)}`))
    return { data: { username: name, session }, text: `Ended session ${session} of ${name}` }
  },
})

const endAll = defineCommand({
  name: 'end-all',
  summary: 'Sign a user out everywhere',
  about: 'Browsers, identity tokens, and every token that a client got for this user.',
  args: { username },
  options: {},
  examples: [{ says: 'Sign alice out everywhere', line: 'leveret user sessions end-all alice' }],
  async run(call) {
    const { username: name } = call.args
    await withApi(call, (api) => api.send('DELETE', `/users/${segment(name)}/sessions`))
    return { data: { username: name }, text: `Signed ${name} out everywhere` }
  },
})

export const sessions: CommandGroup = {
  name: 'sessions',
  summary: 'Where a user is logged in with a browser: show, end',
  commands: [list, end, endAll],
}
