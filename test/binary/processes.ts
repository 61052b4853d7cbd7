/** The executable as several processes, and requests that reach all of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningExecutable, serveExecutable, type Start } from '../harness/executable.ts'

/** Connections that are spread over the processes by the system: more than are needed to miss none of three. */
export const EVERYWHERE = 40

export async function serveAs(processes: number, start: Start): Promise<RunningExecutable> {
  return await serveExecutable({ ...start, env: { ...start.env, LEVERET_LISTEN_PROCESSES: String(processes) } })
}

/** The process ids of its further processes. */
export function furtherOf({ pid }: Pick<RunningExecutable, 'pid'>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid)
}

export function isThere(pid: number): boolean {
  return parentOf(pid) !== undefined
}

/** `undefined` if there is no such process, or nothing but its exit code. */
function parentOf(pid: number): number | undefined {
  try {
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return state === 'Z' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}

/** The same request over many connections of their own. */
export async function everywhere(url: string, init: RequestInit = {}): Promise<Response[]> {
  return await Promise.all(Array.from({ length: EVERYWHERE }, () => fetch(url, { ...init, keepalive: false })))
}

/** Samples of the metrics by name and labels. */
export async function metricsOf({ url }: Pick<RunningExecutable, 'url'>): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${url}/metrics`, { keepalive: false })
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

/** As whoever may read the folder, over the control socket: always the first process. */
export async function operator(folder: string, method: string, path: string, body?: object) {
  const headers = { 'content-type': 'application/json' }
  const unix = join(folder, 'leveret-data', 'control.sock')
  const answer = await fetch(`http://localhost${path}`, {
    method,
    unix,
    ...(body && { headers, body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}
