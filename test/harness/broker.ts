/**
 * A real RabbitMQ node in a temporary folder on loopback: the distribution's own, or that of a chroot named by
 * `LEVERET_BROKER_ROOT` (see `broker-root.ts`). Works as root and as anybody; nothing outside the folder is touched.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Glob, type Subprocess } from 'bun'
import { until } from './until.ts'

export interface BrokerFiles {
  readonly conf: string
  /** Erlang terms. */
  readonly advanced?: string
  readonly plugins: readonly string[]
  /** Further files of the broker's folder, by name. */
  readonly files?: Readonly<Record<string, string>>
}

export interface BrokerNode extends AsyncDisposable {
  /** As it says itself: `3.10.8`. */
  readonly version: string
  readonly amqp: number
  readonly mqtt: number
  readonly management: number
  ctl(...args: readonly string[]): Promise<string>
  /** Its log so far. */
  logs(): Promise<string>
}

interface Release {
  /** Folder that the node sees as `/`. */
  readonly root: string
  readonly version: string
}

interface Ports {
  readonly amqp: number
  readonly mqtt: number
  readonly management: number
  readonly distribution: number
  readonly epmd: number
}

const BIN = '/usr/lib/rabbitmq/bin'
const LIB = '/usr/lib/rabbitmq/lib'
const START_DEADLINE = 120_000

/** The release that tests run against, if there is one. */
export function brokerRelease(root = Bun.env.LEVERET_BROKER_ROOT ?? '/'): Release | undefined {
  const lib = join(root, LIB)
  if (!existsSync(lib)) return undefined
  const found = [...new Glob('rabbitmq_server-*').scanSync({ cwd: lib, onlyFiles: false })]
  const version = found[0]?.replace('rabbitmq_server-', '')
  return version === undefined ? undefined : { root, version }
}

/** A `describe` for what needs the real broker: fails where it must be there, else says why it is skipped. */
export function describeBroker(name: string, body: (version: string) => void): void {
  const release = brokerRelease()
  if (release) return describe(`RabbitMQ ${release.version}: ${name}`, () => body(release.version))
  const reason = 'RabbitMQ is not installed (apt-get install rabbitmq-server)'
  if (Bun.env.CI === 'true' || Bun.env.LEVERET_REAL === '1') {
    return test(name, () => expect(reason).toBeUndefined())
  }
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, () => body('none'))
}

/** Resolves when the node is up. `files` is told the folder, so that a configuration can name files in it. */
export async function startBroker(files: (folder: string) => Promise<BrokerFiles>): Promise<BrokerNode> {
  const release = brokerRelease()
  if (!release) throw new Error('Cannot start RabbitMQ: not installed')
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'leveret-rabbitmq-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const ports = freePorts()
  const env = environment(folder, ports)
  await writeFiles(folder, await files(folder), ports)
  const enter = entrance(release, folder)

  const launch = (args: readonly string[]) =>
    Bun.spawn([...bound(), ...enter, ...args], {
      cwd: folder,
      env,
      detached: true,
      stdin: 'ignore',
      stdout: Bun.file(join(folder, 'out')),
      stderr: Bun.file(join(folder, 'err')),
    })
  const epmd = launch(['epmd', '-port', String(ports.epmd), '-address', '127.0.0.1'])
  stack.defer(() => ended(epmd))
  const server = launch([`${BIN}/rabbitmq-server`])
  stack.defer(() => ended(server))
  await started(server, folder)
  const disposal = stack.move()
  return {
    version: release.version,
    ...ports,
    async ctl(...args) {
      const child = Bun.spawn([...enter, `${BIN}/rabbitmqctl`, '-q', ...args], {
        cwd: folder,
        env,
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const [code, out, error] = await Promise.all([
        child.exited,
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ])
      if (code !== 0) throw new Error(`rabbitmqctl ${args[0]} failed: ${out}${error}`)
      return out
    },
    logs: () => textOf(join(folder, 'log/rabbit.log')),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** Begins a command whose mounts are seen by nobody else and end with it. */
export const OWN_MOUNTS = ['unshare', '--mount', '--propagation', 'private']

const TREE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/**
 * Ends with this process, even if that is killed. What a process starts in turn ends with it only in a namespace, which
 * takes root, and even root is refused one in many containers and in a plain chroot.
 */
function bound(): readonly string[] {
  const namespaces = process.getuid?.() === 0 && Bun.spawnSync([...TREE, 'true']).success
  return ['setpriv', '--pdeathsig=SIGKILL', ...(namespaces ? TREE : [])]
}

/** A chroot sees /proc, /dev and the folder; the mounts are in a namespace of their own and end with the process. */
function entrance({ root }: Release, folder: string): readonly string[] {
  if (root === '/') return []
  const inside = join(root, folder)
  const mounts = [
    `mount -t proc proc '${root}/proc'`,
    `mount --rbind /dev '${root}/dev'`,
    `mkdir -p '${inside}'`,
    `mount --bind '${folder}' '${inside}'`,
    `exec chroot '${root}' /bin/sh -c 'cd "$0" && exec "$@"' '${folder}' "$@"`,
  ]
  return [...OWN_MOUNTS, 'sh', '-ec', mounts.join('\n'), 'sh']
}

function environment(folder: string, ports: Ports): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    RABBITMQ_NODENAME: `leveret${ports.amqp}@localhost`,
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_MNESIA_DIR: join(folder, 'mnesia', 'node'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: join(folder, 'log', 'rabbit.log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, 'feature_flags'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 -kernel inet_dist_use_interface {127,0,0,1} -start_epmd false',
    RABBITMQ_CTL_ERL_ARGS: '+S 1:1 -start_epmd false',
  }
}

async function writeFiles(folder: string, { conf, advanced, plugins, files = {} }: BrokerFiles, ports: Ports) {
  for (const name of ['home', 'mnesia', 'log', 'generated']) await mkdir(join(folder, name))
  const listeners = [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    ...(plugins.includes('rabbitmq_management')
      ? ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${ports.management}`]
      : []),
    ...(plugins.includes('rabbitmq_mqtt') ? [`mqtt.listeners.tcp.1 = 127.0.0.1:${ports.mqtt}`] : []),
  ]
  const all = {
    ...files,
    'rabbitmq.conf': `${conf}\n${listeners.join('\n')}\n`,
    'advanced.config': advanced ?? '[].\n',
    enabled_plugins: `[${plugins.join(',')}].\n`,
    'home/.erlang.cookie': crypto.randomUUID().replaceAll('-', ''),
  }
  for (const [name, text] of Object.entries(all)) await Bun.write(join(folder, name), text)
  await chmod(join(folder, 'home/.erlang.cookie'), 0o400)
}

async function started(server: Subprocess, folder: string): Promise<void> {
  const isUp = async () => (await textOf(join(folder, 'log/rabbit.log'))).includes('Server startup complete')
  await until(async () => server.exitCode !== null || (await isUp()), START_DEADLINE)
  if (server.exitCode === null && (await isUp())) return
  const said = await Promise.all(['out', 'err', 'log/rabbit.log'].map((name) => textOf(join(folder, name))))
  throw new Error(`Cannot start RabbitMQ:\n${said.join('\n').slice(-4000)}`)
}

/** A new `Bun.file` each time: one keeps the size it saw first. */
async function textOf(path: string): Promise<string> {
  const file = Bun.file(path)
  return (await file.exists()) ? file.text() : ''
}

/** With everything it started. What it holds is thrown away, so it need not shut down in order. */
async function ended(child: Subprocess): Promise<void> {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // All of it has ended by itself.
  }
  await child.exited
}

export function freePort(): number {
  using probe = probePort()
  return probe.port
}

function probePort() {
  return Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
}

/** Held together, so that no two are the same. */
function freePorts(): Ports {
  using stack = new DisposableStack()
  const free = () => stack.use(probePort()).port
  return { amqp: free(), mqtt: free(), management: free(), distribution: free(), epmd: free() }
}
