/** What a plugin may do, in words for whoever is going to allow it. */

export interface Permitted {
  readonly runtime: 'in-process' | 'process'
  readonly permissions?: {
    readonly net: readonly string[]
    readonly read: readonly string[]
    readonly write: readonly string[]
    readonly env: readonly string[]
    readonly run: false | readonly string[]
  }
  readonly sandbox?: { readonly enforced: true } | { readonly enforced: false; readonly why: string }
}

export function permissionLines({ runtime, permissions, sandbox }: Permitted): string[] {
  if (runtime === 'in-process' || !permissions)
    return ['It runs inside the server and may do everything that the server may.']
  const { net, read, write, env, run } = permissions
  const some = [
    ...line('connects to', net),
    ...line('reads', read),
    ...line('writes', write),
    ...line('sees the variables', env),
    ...line('starts', run === false ? [] : run),
  ]
  const enforced =
    sandbox?.enforced === false
      ? `On this machine nothing enforces that: ${sandbox.why}.`
      : 'The kernel of this machine enforces that.'
  return [
    'It is a process of its own, and beyond its own files',
    ...(some.length > 0 ? some : ['  needs nothing']),
    enforced,
  ]
}

function line(what: string, list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`  ${what} ${list.join(', ')}`]
}
