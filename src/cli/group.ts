/** `leveret group`: groups and who is in them. */
import { type CommandGroup, defineCommand } from './command.ts'
import { segment, withApi } from './client.ts'
import { fields, table } from './table.ts'

interface GroupWire {
  readonly name: string
  readonly description: string
  readonly roles: readonly string[]
}
interface MemberWire {
  readonly username: string
}

const group = { help: 'Name of the group' } as const
const username = { help: 'User name' } as const

const add = defineCommand({
  name: 'add',
  summary: 'Create a group',
  args: { group },
  options: {
    description: { type: 'string', value: 'TEXT', help: 'What the group is for' },
    role: { type: 'string', value: 'ROLE', multiple: true, help: 'Role that every member holds' },
  },
  examples: [{ says: 'A group for the billing team', line: "leveret group add billing --description 'Billing team'" }],
  async run(call) {
    const body = { name: call.args.group, description: call.options.description, roles: call.options.role }
    const created = await withApi(call, (api) => api.send<GroupWire>('POST', '/groups', body))
    return { data: created, text: `Created group ${created.name}` }
  },
})

const list = defineCommand({
  name: 'list',
  summary: 'List groups',
  args: {},
  options: {},
  examples: [{ says: 'Every group', line: 'leveret group list' }],
  async run(call) {
    const groups = await withApi(call, (api) => api.list<GroupWire>('/groups'))
    const rows = groups.map((each) => [each.name, each.roles.join(', ') || '-', each.description])
    return { data: groups, text: table(['group', 'roles', 'description'], rows, 'There are no groups') }
  },
})

const show = defineCommand({
  name: 'show',
  summary: 'Show a group and its members',
  args: { group },
  options: {},
  examples: [{ says: 'Who is in billing', line: 'leveret group show billing' }],
  async run(call) {
    const path = `/groups/${segment(call.args.group)}`
    const [shown, members] = await withApi(
      call,
      async (api) => [await api.get<GroupWire>(path), await api.list<MemberWire>(`${path}/members`)] as const,
    )
    const names = members.map((member) => member.username)
    const text = fields([
      ['group', shown.name],
      ['description', shown.description || '-'],
      ['roles', shown.roles.join(', ') || '-'],
      ['members', names.join(', ') || '-'],
    ])
    return { data: { ...shown, members: names }, text }
  },
})

const remove = defineCommand({
  name: 'remove',
  summary: 'Delete a group and its memberships',
  args: { group },
  options: {},
  examples: [{ says: 'Delete the group', line: 'leveret group remove billing' }],
  async run(call) {
    await withApi(call, (api) => api.send('DELETE', `/groups/${segment(call.args.group)}`))
    return { data: { name: call.args.group }, text: `Removed group ${call.args.group}` }
  },
})

const addMember = defineCommand({
  name: 'add-member',
  summary: 'Put a user into a group',
  args: { group, username },
  options: {},
  examples: [{ says: 'Put alice into billing', line: 'leveret group add-member billing alice' }],
  async run(call) {
    const path = `/groups/${segment(call.args.group)}/members/${segment(call.args.username)}`
    await withApi(call, (api) => api.send('PUT', path))
    return { data: { ...call.args }, text: `${call.args.username} is a member of ${call.args.group}` }
  },
})

const removeMember = defineCommand({
  name: 'remove-member',
  summary: 'Take a user out of a group',
  about: 'Memberships that a directory granted come back at the next login; take them away there.',
  args: { group, username },
  options: {},
  examples: [{ says: 'Take alice out of billing', line: 'leveret group remove-member billing alice' }],
  async run(call) {
    const path = `/groups/${segment(call.args.group)}/members/${segment(call.args.username)}`
    await withApi(call, (api) => api.send('DELETE', path))
    return { data: { ...call.args }, text: `${call.args.username} is no longer a member of ${call.args.group}` }
  },
})

export const groupCommands: CommandGroup = {
  name: 'group',
  summary: 'Groups and their members',
  commands: [add, list, show, remove, addMember, removeMember],
}
