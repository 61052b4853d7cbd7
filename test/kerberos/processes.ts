/** The sidecars of a server, as the kernel shows them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface RunningSidecar {
  readonly pid: number
  readonly uid: number
  readonly groups: string
  /** All of its environment. */
  readonly environment: readonly string[]
}

/** Those that this process has started, or the server with that pid. */
export async function sidecarsOf(parent: number = process.pid): Promise<RunningSidecar[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => sidecar(Number(pid), parent).catch(() => undefined)))
  return found.filter((each) => each !== undefined)
}

async function sidecar(pid: number, parent: number): Promise<RunningSidecar | undefined> {
  const read = (name: string) => readFile(join('/proc', String(pid), name), 'utf8')
  const [command, status] = await Promise.all([read('cmdline'), read('status')])
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? ''
  if (Number(field('PPid')) !== parent || !/kerberos-sidecar|kerberos\/sidecar-entry/.test(command)) return undefined
  if (field('State').startsWith('Z')) return undefined
  const environment = (await read('environ')).split('\0').filter((each) => each !== '')
  return { pid, uid: Number(field('Uid').split(/\s/)[0]), groups: field('Groups'), environment }
}
