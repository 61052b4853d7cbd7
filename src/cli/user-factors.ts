/** `leveret user factors`: second factors of a user. */
import { type CommandGroup, defineCommand } from './command.ts'
import { segment, withApi } from './client.ts'
import { table } from './table.ts'

interface FactorsWire {
  readonly demanded: boolean
  readonly factors: readonly {
    readonly method: string
    readonly name: string
    readonly createdAt: string
    readonly lastUsedAt: string | null
    readonly left?: number
  }[]
}

const username = { help: 'User name, e-mail address or id' } as const

const list = defineCommand({
  name: 'list',
  summary: 'Show which second factors a user has',
  args: { username },
  options: {},
  examples: [{ says: 'What alice can show', line: 'leveret user factors list alice' }],
  async run(call) {
    const { username: name } = call.args
    const found = await withApi(call, (api) => api.get<FactorsWire>(`/users/${segment(name)}/factors`))
    const rows = found.factors.map(({ method, name: label, left, createdAt, lastUsedAt }) => [
      method,
      left === undefined ? label : `${left} left`,
      createdAt,
      lastUsedAt ?? 'never',
    ])
    const demand = found.demanded ? 'A second factor is demanded of this user.\n' : ''
    return { data: found, text: demand + table(['method', 'name', 'added', 'last used'], rows, 'No second factors') }
  },
})

const reset = defineCommand({
  name: 'reset',
  summary: 'Take every second factor of a user away',
  about: `For somebody who lost them. The password is then enough, unless a second factor is demanded: in that case the next login
    asks for a new one. Make sure that you talk to the right person.`,
  args: { username },
  options: {},
  examples: [{ says: 'Alice lost her telephone and her recovery codes', line: 'leveret user factors reset alice' }],
  async run(call) {
    const { username: name } = call.args
    await withApi(call, (api) => api.send('DELETE', `/users/${segment(name)}/factors`))
    return { data: { username: name }, text: `Took every second factor of ${name} away` }
  },
})

const demand = defineCommand({
  name: 'demand',
  summary: 'Demand a second factor of a user',
  about: 'Who has none enrols one at the next login with a browser.',
  args: { username },
  options: { off: { type: 'boolean', help: 'Demand it no longer' } },
  examples: [
    { says: 'Alice needs a second factor from now on', line: 'leveret user factors demand alice' },
    { says: 'No longer', line: 'leveret user factors demand alice --off' },
  ],
  async run(call) {
    const { username: name } = call.args
    const demanded = !call.options.off
    await withApi(call, (api) => api.send('POST', `/users/${segment(name)}:demand-factor`, { demanded }))
    const text = demanded ? `${name} needs a second factor` : `${name} needs no second factor of their own`
    return { data: { username: name, demanded }, text }
  },
})

export const factors: CommandGroup = {
  name: 'factors',
  summary: 'Second factors of a user: show, demand, take away',
  commands: [list, demand, reset],
}
