/**
 * Requests from a process of its own, as many as one server answers. `wrk` where it is installed, because it leaves most of
 * the processor to the server; otherwise a client in Bun on bare sockets, which takes more, so that rates are lower.
 */
import { join } from 'node:path'
import { median } from './bench.ts'

/** A request that is sent again and again. */
export interface Shot {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Bodies that take turns. */
  readonly bodies?: readonly string[]
  /** A file with a value of the Authorization header for each request, used from the first line on and only once. */
  readonly authorizations?: string
  /** The body ends with one of these, and each answer brings the one that replaces it. */
  readonly chain?: Chain
}

export interface Chain {
  /** Member of the answer that holds the next one. */
  readonly member: string
  /** At least one for each connection, and one more. */
  readonly first: readonly string[]
}

/** A request, or how to make it ready before each turn, where a turn uses up what it began with. */
export type Aim = Shot | (() => Promise<Shot>)

export const CONNECTIONS = 16
const ROUNDS = 5
export const SECONDS = 2
const WRK = Bun.which('wrk')

export const GENERATOR = WRK === null ? 'a client in Bun (install wrk for better figures)' : 'wrk'

/** Rates of several requests, measured in turns so that all meet the same machine; the first turn only warms up. */
export async function inTurns<Name extends string>(
  aims: Readonly<Record<Name, Aim>>,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(aims) as Name[]
  const rates = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of names) {
      const aim = aims[name]
      const rate = await answersPerSecond(typeof aim === 'function' ? await aim() : aim)
      if (round > 0) rates.get(name)?.push(rate)
    }
  return Object.fromEntries([...rates].map(([name, all]) => [name, median(all)])) as Record<Name, number>
}

/** Answers per second. Any answer that is no success fails the whole. */
export async function answersPerSecond(shot: Shot): Promise<number> {
  return WRK === null ? withBun(shot) : withWrk(WRK, shot)
}

async function withWrk(wrk: string, shot: Shot): Promise<number> {
  const { url, method, headers = {}, body, bodies, authorizations, chain } = shot
  const script = [
    `wrk.method = ${JSON.stringify(method)}`,
    ...(body === undefined ? [] : [`wrk.body = ${JSON.stringify(body)}`]),
    ...Object.entries(headers).map(
      ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
    ),
    ...(authorizations === undefined ? [] : [oneOfEach(authorizations)]),
    ...(chain ? [chained(chain)] : []),
    ...(bodies ? [turns(bodies)] : []),
  ]
  const words = [wrk, '-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '-s', '/dev/stdin', url]
  const said = await output(words, script.join('\n'))
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(`Not every request was answered with success: ${said}`)
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(said) ?? []
  if (rate === undefined) throw new Error(`wrk says no rate: ${said}`)
  return Number(rate)
}

function oneOfEach(file: string): string {
  return `local lines = io.lines(${JSON.stringify(file)})
request = function()
  wrk.headers["authorization"] = lines()
  return wrk.format()
end`
}

/** Lua that gives each connection a body of its own and keeps what its answer brings for the next. */
function chained({ member, first }: Chain): string {
  return `local waiting = { ${first.map((each) => JSON.stringify(each)).join(', ')} }
request = function() return wrk.format(nil, nil, nil, wrk.body .. table.remove(waiting)) end
response = function(_, _, body) table.insert(waiting, body:match('"${member}":"([^"]+)"')) end`
}

function turns(bodies: readonly string[]): string {
  return `local bodies = { ${bodies.map((each) => JSON.stringify(each)).join(', ')} }
local turn = 0
request = function()
  turn = turn % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[turn])
end`
}

async function withBun(shot: Shot): Promise<number> {
  const job = JSON.stringify({ ...shot, seconds: SECONDS, connections: CONNECTIONS })
  return Number(await output([process.execPath, join(import.meta.dir, 'load-client.ts')], job))
}

async function output(command: string[], input: string): Promise<string> {
  const child = Bun.spawn(command, { stdin: new Blob([input]), stdout: 'pipe', stderr: 'inherit' })
  const [code, said] = await Promise.all([child.exited, new Response(child.stdout).text()])
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${said}`)
  return said
}
