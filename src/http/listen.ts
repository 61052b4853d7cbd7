/** `Bun.serve` in front of the gate: TCP, unix sockets, certificates that can be swapped, an end with a deadline. */
import type { Logger } from '../plugin/index.ts'
import type { Gate } from './gate.ts'

export interface Certificate {
  /** PEM texts. */
  readonly cert: string
  readonly key: string
}
export interface ListenOptions {
  readonly gate: Gate
  readonly log: Logger
  /** Milliseconds after which a connection that sends nothing is closed; 0 for never. */
  readonly idle: number
  readonly bodyLimit: number
}
export interface TcpOptions extends ListenOptions {
  readonly host: string
  readonly port: number
  /** Whoever else asks for the port the same way has its share of the connections. */
  readonly reusePort: boolean
  /** The same, after a look whether somebody else listens there already. */
  readonly sharesPort: boolean
  readonly tls?: Certificate
}
export interface UnixOptions extends ListenOptions {
  readonly path: string
  /** Requests are the operator's, and nobody but the owner of the process may connect. */
  readonly operator: boolean
}

export interface Listener {
  readonly url: string
  /** Takes no new connection, waits for the requests under way, then closes; after `deadline` milliseconds closes anyway. */
  stop(deadline: number): Promise<void>
}
export interface TcpListener extends Listener {
  readonly port: number
  /** New connections get the new certificate, those under way end as they are. Throws if the pair does not fit. */
  swap(tls: Certificate): Promise<void>
}

type Server = Bun.Server<undefined>

/**
 * Of TLS 1.2 what RFC 9325 recommends: a key of its own for each connection, and AEAD. FAPI 2.0 (section 5.2.2) permits no
 * other, and whoever speaks TLS 1.2 has these.
 */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

export function listenTcp(options: TcpOptions): TcpListener {
  const { host, log } = options
  // A certificate is swapped by a second socket on the same port, so both must allow it. Whether somebody else listens
  // there already is found by asking for the port alone first.
  const shared = options.reusePort || options.sharesPort || options.tls !== undefined
  const port = shared && !options.reusePort && options.port !== 0 ? claim(host, options.port) : options.port
  let server = serveTcp(options, port, shared)
  const bound = server.port ?? port
  const retired = new Set<Promise<void>>()
  return {
    port: bound,
    url: `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async swap(tls) {
      const before = server
      server = serveTcp({ ...options, tls }, bound, true)
      await turns(5)
      const ending = before.stop().finally(() => retired.delete(ending))
      retired.add(ending)
      log.info('certificate swapped', { port: bound })
    },
    stop: (deadline) => end(server, deadline, log),
  }
}

export async function listenUnix(options: UnixOptions): Promise<Listener> {
  const { path, operator, log, gate } = options
  await removeStale(path)
  const before = process.umask(operator ? 0o177 : 0o117)
  let server: Server
  try {
    server = Bun.serve({
      ...common(options),
      unix: path,
      fetch(request, bun) {
        // A reload or a backup may take longer than an idle connection may last.
        bun.timeout(request, operator ? 0 : idleSeconds(options))
        return gate(request, { address: undefined, operator })
      },
    })
  } finally {
    process.umask(before)
  }
  return { url: `unix:${path}`, stop: (deadline) => end(server, deadline, log) }
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'no permission; ports below 1024 are for root and for who has CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address',
  // What becomes of a name that nobody knows.
  EINVAL: 'this machine has no such address',
  ENOENT: 'this machine has no such address',
}

/** Says where it was that nobody could listen, and why. */
function binding(host: string, port: number, bind: () => Server): Server {
  try {
    return bind()
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? REFUSALS[String(cause.code)] : undefined
    throw why === undefined ? cause : new Error(`Cannot listen on ${host}, port ${port}: ${why}`, { cause })
  }
}

function serveTcp(options: TcpOptions, port: number, reusePort: boolean): Server {
  const serve = (): Server =>
    Bun.serve({
      ...common(options),
      hostname: options.host,
      port,
      reusePort,
      idleTimeout: idleSeconds(options),
      ...(options.tls && { tls: { ...options.tls, ciphers: CIPHERS } }),
      fetch: (request, bun) => options.gate(request, { address: bun.requestIP(request)?.address }),
    })
  return binding(options.host, port, serve)
}

/** Connections that the system has given to a socket are lost if it closes before they are accepted, a turn later. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

function idleSeconds({ idle }: ListenOptions): number {
  return Math.min(255, Math.ceil(idle / 1000))
}

function claim(host: string, port: number): number {
  const options = { hostname: host, port, reusePort: false, development: false, fetch: () => new Response() }
  void binding(host, port, () => Bun.serve(options)).stop(true)
  return port
}

function common({ bodyLimit, log }: ListenOptions) {
  return {
    development: false,
    // The gate refuses what announces more than the limit, with a proper answer; this bounds what announces nothing.
    maxRequestBodySize: bodyLimit * 2,
    error(error: Error): Response {
      log.error('request failed before it was answered', { error: Bun.inspect(error) })
      return new Response('The server failed to answer', { status: 500 })
    },
  } as const
}

async function end(server: Server, deadline: number, log: Logger): Promise<void> {
  const closed = server.stop()
  const inTime = await Promise.race([closed.then(() => true), quiet(server), after(deadline)])
  if (!inTime) log.warn('requests under way were cut at the shutdown deadline', { requests: server.pendingRequests })
  await server.stop(true)
}

/** Idle connections would keep a server from ending for as long as they may idle; requests are what is waited for. */
async function quiet(server: Server): Promise<boolean> {
  while (server.pendingRequests > 0) await Bun.sleep(5)
  return true
}

function after(milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds).unref()
  })
}

/** A socket file outlives a killed process. Whoever answers on it is alive and keeps it. */
async function removeStale(path: string): Promise<void> {
  const file = Bun.file(path)
  const stat = await file.stat().catch(() => undefined)
  if (!stat) return
  if (!stat.isSocket()) throw new Error(`Cannot listen on ${path}: it exists and is no socket`)
  if (await answers(path)) throw new Error(`Cannot listen on ${path}: another server is listening there`)
  await file.unlink()
}

async function answers(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => undefined } })
    socket.end()
    return true
  } catch {
    return false
  }
}
