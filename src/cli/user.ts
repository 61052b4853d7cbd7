/** `leveret user`: who can log in. */
import { type CommandGroup, defineCommand, UsageError } from './command.ts'
import { type Api, segment, withApi } from './client.ts'
import { PASSWORD_FILE, readPassword } from './password.ts'
import { fields, table } from './table.ts'
import { claimLines, claimsPatch, REMOVABLE_CLAIMS } from './user-claims.ts'
import { factors } from './user-factors.ts'
import { sessions } from './user-sessions.ts'

interface UserWire {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  readonly activated: boolean
  readonly disabled: boolean
  readonly disabledBySource: boolean
  readonly technicalUser: boolean
  readonly source: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly groups?: readonly string[]
  readonly lastLoginAt: string | null
  readonly createdAt: string
}

const username = { help: 'User name, e-mail address or id' } as const

const add = defineCommand({
  name: 'add',
  summary: 'Create a user',
  about: `The password comes from the input, from a file or, on a terminal, is asked for twice. With --no-password the user
    cannot log in until one is set with "leveret user set-password".`,
  args: { username: { help: 'Name to log in with' } },
  options: {
    email: { type: 'string', value: 'ADDRESS', help: 'E-mail address' },
    'display-name': { type: 'string', value: 'NAME', help: 'Name as people say it' },
    group: { type: 'string', value: 'GROUP', multiple: true, help: 'Make the user a member of this group' },
    technical: { type: 'boolean', help: 'A service rather than a person' },
    'password-file': PASSWORD_FILE,
    'no-password': { type: 'boolean', help: 'Create the user without a password' },
  },
  examples: [
    {
      says: 'A person, the password asked for',
      line: 'leveret user add alice --email alice@corp.internal --group billing',
    },
    {
      says: 'A service, the password from a file',
      line: 'leveret user add invoicer --technical --password-file invoicer.pw',
    },
    { says: 'From a script', line: 'pwgen 20 1 | leveret user add bob --json' },
  ],
  async run(call) {
    const { options, args } = call
    const password = options['no-password']
      ? undefined
      : await readPassword(call, { file: options['password-file'], confirm: true })
    const body = {
      username: args.username,
      email: options.email,
      displayName: options['display-name'],
      technicalUser: options.technical,
      groups: options.group,
      password,
    }
    const user = await withApi(call, (api) => api.send<UserWire>('POST', '/users', body))
    return { data: user, text: `Created user ${user.username}` }
  },
})

const list = defineCommand({
  name: 'list',
  summary: 'List users',
  args: {},
  options: { prefix: { type: 'string', value: 'TEXT', help: 'Only names that begin so' } },
  examples: [
    { says: 'Everybody', line: 'leveret user list' },
    { says: 'Names only', line: "leveret user list --json | jq -r '.[].username'" },
  ],
  async run(call) {
    const users = await withApi(call, (api) => api.list<UserWire>('/users', { prefix: call.options.prefix }))
    const rows = users.map((user) => [
      user.username,
      user.email ?? '-',
      stateOf(user),
      user.source,
      user.lastLoginAt ?? '-',
    ])
    return { data: users, text: table(['user', 'email', 'state', 'source', 'last login'], rows, 'There are no users') }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Show one user',
  args: { username },
  options: {},
  examples: [{ says: 'State, groups and times', line: 'leveret user show alice' }],
  async run(call) {
    const user = await withApi(call, (api) => api.get<UserWire>(`/users/${segment(call.args.username)}`))
    return { data: user, text: describeUser(user) }
  },
})

const CLAIM_NAMES = REMOVABLE_CLAIMS.filter((name) => !name.includes('.')).join(', ')

const update = defineCommand({
  name: 'update',
  summary: 'Change a user: what is given counts, the rest stays',
  about: `Claims are what applications are told of a person (OpenID Connect): ${CLAIM_NAMES}; of an address its
    parts, such as address.country. A directory that gives claims gives them anew at the next login.`,
  args: { username },
  options: {
    email: { type: 'string', value: 'ADDRESS', help: 'E-mail address; empty to take it away' },
    'display-name': { type: 'string', value: 'NAME', help: 'Name as people say it; empty to take it away' },
    claim: { type: 'string', value: 'NAME=VALUE', multiple: true, help: 'Set a claim; empty to take it away' },
    'unset-claim': {
      type: 'string',
      multiple: true,
      choices: REMOVABLE_CLAIMS,
      value: 'NAME',
      help: 'Take a claim away',
    },
  },
  examples: [
    {
      says: 'What applications are told of alice',
      line: 'leveret user update alice --claim given_name=Alice --claim address.country=DE',
    },
    { says: 'No longer her telephone number', line: 'leveret user update alice --unset-claim phone_number' },
    { says: 'A new address', line: 'leveret user update alice --email alice@corp.internal' },
  ],
  async run(call) {
    const { options, args } = call
    const change = {
      email: options.email === '' ? null : options.email,
      displayName: options['display-name'] === '' ? null : options['display-name'],
      claims: claimsPatch(options.claim, options['unset-claim']),
    }
    if (Object.values(change).every((value) => value === undefined)) throw new UsageError('there is nothing to change')
    const user = await withApi(call, (api) => patch(api, args.username, change))
    return { data: user, text: `Changed user ${user.username}` }
  },
})

const setPassword = defineCommand({
  name: 'set-password',
  summary: 'Set the password of a user and end its sessions',
  about: 'Activates a user that was created without a password. Every identity token of the user stops working.',
  args: { username },
  options: { 'password-file': PASSWORD_FILE },
  examples: [
    { says: 'Asked for twice on a terminal', line: 'leveret user set-password alice' },
    { says: 'From a file', line: 'leveret user set-password alice --password-file alice.pw' },
  ],
  async run(call) {
    const password = await readPassword(call, { file: call.options['password-file'], confirm: true })
    const path = `/users/${segment(call.args.username)}:change-password`
    await withApi(call, (api) => api.send('POST', path, { newPassword: password }))
    return { data: { username: call.args.username }, text: `Set the password of ${call.args.username}` }
  },
})

const disable = defineCommand({
  name: 'disable',
  summary: 'Lock a user out at once, keeping the record',
  about: `Identity tokens of the user end with the same write. Access tokens already handed out work until they expire, minutes
    later.`,
  args: { username },
  options: {},
  examples: [{ says: 'Lock alice out', line: 'leveret user disable alice' }],
  async run(call) {
    const user = await withApi(call, (api) => patch(api, call.args.username, { disabled: true }))
    return { data: user, text: `Disabled ${user.username}; its identity tokens have ended` }
  },
})

const enable = defineCommand({
  name: 'enable',
  summary: 'Let a disabled user log in again',
  args: { username },
  options: {},
  examples: [{ says: 'Let alice in again', line: 'leveret user enable alice' }],
  async run(call) {
    const user = await withApi(call, (api) => patch(api, call.args.username, { disabled: false }))
    return { data: user, text: `Enabled ${user.username}` }
  },
})

const remove = defineCommand({
  name: 'remove',
  summary: 'Delete a user, its memberships and sessions',
  args: { username },
  options: {},
  examples: [{ says: 'Delete bob', line: 'leveret user remove bob' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/users/${segment(call.args.username)}`))
    return { data: { username: call.args.username }, text: `Removed ${call.args.username}` }
  },
})

const move = defineCommand({
  name: 'move',
  summary: 'Give a user to another login source and end its sessions',
  about: `From then on that source alone checks the password. A directory is asked for the user by name unless the external id is
    given (entryUUID, objectGUID). A user who is given to a source that keeps passwords here needs a new one:
    leveret user set-password.`,
  args: { username },
  options: {
    source: { type: 'string', value: 'ID', required: true, help: 'Id of the login source in the configuration' },
    'external-id': { type: 'string', value: 'ID', help: 'Who this is at that source' },
  },
  examples: [
    {
      says: 'Alice logs in with her account in the directory from now on',
      line: 'leveret user move alice --source corp',
    },
  ],
  async run(call) {
    const body = { source: call.options.source, externalId: call.options['external-id'] }
    const path = `/users/${segment(call.args.username)}:move`
    const user = await withApi(call, (api) => api.send<UserWire>('POST', path, body))
    return { data: user, text: `Moved ${user.username} to ${user.source}; its identity tokens have ended` }
  },
})

const unlock = defineCommand({
  name: 'unlock',
  summary: 'Forget the failed logins that slow a user down',
  args: { username: { help: 'User name as it was typed at the login' } },
  options: {},
  examples: [{ says: 'After too many wrong passwords', line: 'leveret user unlock alice' }],
  async run(call) {
    await withApi(call, (api) => api.send('POST', `/users/${segment(call.args.username)}:unlock`))
    return { data: { username: call.args.username }, text: `Forgot the failed logins of ${call.args.username}` }
  },
})

export const user: CommandGroup = {
  name: 'user',
  summary: 'Users: people and services that log in',
  commands: [add, list, show, update, setPassword, disable, enable, move, remove, unlock, factors, sessions],
}

function patch(api: Api, name: string, change: object): Promise<UserWire> {
  return api.send('PATCH', `/users/${segment(name)}`, change)
}

function stateOf(user: UserWire): string {
  if (user.disabled) return user.disabledBySource ? `disabled, unknown to ${user.source}` : 'disabled'
  return user.activated ? 'active' : 'no password yet'
}

function describeUser(user: UserWire): string {
  return fields([
    ['user', user.username],
    ['id', user.id],
    ['name', user.displayName ?? '-'],
    ['email', user.email ?? '-'],
    ['kind', user.technicalUser ? 'service' : 'person'],
    ['state', stateOf(user)],
    ['source', user.source],
    ['groups', user.groups?.join(', ') || '-'],
    ['created', user.createdAt],
    ['last login', user.lastLoginAt ?? 'never'],
    ...claimLines(user.claims),
  ])
}
