/**
 * The REST API as the commands use it: over the control socket if a server runs on this data folder, else from an
 * instance opened in this process. Either way the caller is the operator: who may read the folder needs no password.
 */
import { join, resolve } from 'node:path'
import type { ProblemOptions } from '../core/problem.ts'
import type { Config } from '../config/schema.ts'
import type { Environment } from '../config/environment.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { commit, version } from './version.ts'
import { type Call, CommandError, type CommonOptions, type Io } from './command.ts'

export type Query = Readonly<Record<string, string | undefined>>

export interface Api extends AsyncDisposable {
  /** Whether a running server answers, or the storage was opened here. */
  readonly via: 'server' | 'storage'
  get<T>(path: string, query?: Query): Promise<T>
  /** All pages of a list. */
  list<T>(path: string, query?: Query): Promise<T[]>
  send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>
}

/** What the API refused, in its own words. */
export class Refusal extends CommandError {
  override name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly faults: NonNullable<ProblemOptions['faults']>
  /** The whole answer, for callers that know more of it. */
  readonly body: unknown

  constructor(status: number, problem: Problem) {
    const faults = problem.faults ?? []
    const untold = faults.filter(({ message }) => problem.detail?.includes(message) !== true)
    const lines = untold.map(
      ({ path, message }) => `\n  ${path === '' ? '' : `${path.replace(/^\//, '')}: `}${message}`,
    )
    super((problem.detail ?? problem.title ?? `the server answered with status ${status}`) + lines.join(''))
    this.status = status
    this.code = problem.code ?? 'internal'
    this.faults = faults
    this.body = problem
  }
}

interface Problem {
  readonly title?: string
  readonly code?: string
  readonly detail?: string
  readonly faults?: ProblemOptions['faults']
}

type Send = (request: Request) => Promise<Response>

/** The configuration that a call is about; its warnings go to standard error. */
export async function configOf(common: CommonOptions, io: Io): Promise<LoadedConfig> {
  const loaded = await loadConfig(await configSource(common, io))
  for (const warning of loaded.warnings) io.err(`leveret: warning: ${warning}\n`)
  return loaded
}

export async function configSource(common: CommonOptions, io: Io) {
  const asked = common.config ?? (io.env['LEVERET_CONFIG'] || undefined)
  const file = join(io.cwd, 'leveret.toml')
  const present = asked !== undefined || (await Bun.file(file).exists())
  if (!present && io.env['LEVERET_PUBLIC_URL']) return { folder: io.cwd, env: io.env }
  return { file: asked === undefined ? file : resolve(io.cwd, asked), env: io.env }
}

/** Runs `use` with the API of the configured instance. */
export async function withApi<T>(call: Pick<Call, 'common' | 'io'>, use: (api: Api) => Promise<T>): Promise<T> {
  const { config } = await configOf(call.common, call.io)
  await using api = await connect(config, call.io.env)
  return await use(api)
}

export async function connect(config: Config, env: Environment): Promise<Api> {
  const overSocket = await runningServer(config)
  if (overSocket !== undefined) return api('server', overSocket, async () => undefined)
  return withInstance(config, env)
}

/** An instance in this process that listens nowhere. What it has to say beyond warnings, the answers say too. */
export async function withInstance(config: Config, env: Environment): Promise<Api> {
  const { openInstance } = await import('../server.ts')
  const quiet = { ...config, log: { ...config.log, level: 'warn' as const } }
  const instance = await openInstance(quiet, { env, build: { version, commit } })
  return api(
    'storage',
    (request) => instance.control(request),
    async () => {
      await instance[Symbol.asyncDispose]()
    },
  )
}

export function controlSocket(config: Config): string {
  return join(config.dataDir, 'control.sock')
}

/** A way to the server of this data folder, if one runs. A socket left behind by a killed server answers nobody. */
export async function runningServer(config: Config): Promise<Send | undefined> {
  const unix = controlSocket(config)
  const send: Send = (request) => fetch(request, { unix })
  try {
    const answer = await send(new Request('http://localhost/healthz'))
    await answer.body?.cancel()
    return send
  } catch {
    return undefined
  }
}

function api(via: Api['via'], send: Send, close: () => Promise<void>): Api {
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method, headers: { accept: 'application/json' } }
    if (body !== undefined) {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      init.headers = { accept: 'application/json', 'content-type': type }
      init.body = JSON.stringify(body)
    }
    return readAnswer<T>(await send(new Request(`http://localhost${path}`, init)))
  }
  return {
    via,
    get: (path, query) => ask('GET', withQuery(path, query)),
    send: ask,
    async list<T>(path: string, query?: Query) {
      const items: T[] = []
      let after: string | undefined
      do {
        const page = await ask<{ items: T[]; next?: string | null }>('GET', withQuery(path, { ...query, after }))
        items.push(...page.items)
        after = page.next ?? undefined
      } while (after !== undefined)
      return items
    },
    [Symbol.asyncDispose]: close,
  }
}

/** The answer of our own API of the same version: its shape is taken as the type says. */
export async function readAnswer<T>(answer: Response): Promise<T> {
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  const body: unknown = type.includes('json') && text !== '' ? parse(text) : text
  if (!answer.ok) throw new Refusal(answer.status, typeof body === 'object' && body !== null ? body : {})
  return body as T
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CommandError('the server answered with something that is no JSON; is another program listening there?', {
      cause: error,
    })
  }
}

function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, value)
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

/** One path segment: names may hold any character. */
export function segment(name: string): string {
  return encodeURIComponent(name)
}
