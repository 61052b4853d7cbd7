/** What the commands for plugin authors and operators need of the host and of the conformance kits. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Logger } from '#plugin'
import { checkValue } from './config/check.ts'
import type { Environment } from './config/environment.ts'
import { pack, PACKED } from './host/archive.ts'
import { type CheckOptions, loadPlugin } from './host/external.ts'
import { pinOf, readPluginFiles } from './host/files.ts'
import { openPlugin } from './host/open.ts'
import type { AnyPlugin } from './host/plugin-module.ts'
import { type LoginSubject } from '../test/conformance/login/case.ts'
import { loginRun, type Result, type Runnable, runAll, storageRun, summary, tap } from '../test/conformance/report.ts'

/** For the command line, which sees nothing of the host. */
export { checkPlugin, type PluginCheck } from './host/external.ts'
export { createPluginHost } from './host/host.ts'
export { PACKED, pinOf, runAll, summary, tap, type Result }

export interface Packed {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A folder in one file. Throws an `Error` if it has no manifest: without one nobody can say what it may do. */
export async function packFolder(path: string): Promise<Packed> {
  const { files, manifest } = await readPluginFiles(path)
  if (!manifest) throw new Error(`${path} has no plugin.json, and is not packed without`)
  return { name: `${manifest.id}-${manifest.version}${PACKED}`, bytes: pack(files) }
}

const account = t.Object(
  {
    username: t.String(),
    password: t.String(),
    externalId: t.String(),
    groups: t.Array(t.String()),
  },
  { expect: 'an account: username, password, externalId, groups' },
)
const whys = ['disabled', 'locked', 'expired', 'not-allowed', 'credentials'] as const
const refused = t.Object({
  username: t.String(),
  password: t.String(),
  why: t.Union(whys.map((why) => t.Literal(why))),
})
const offers = ['refresh', 'lookup', 'passwordChange', 'health'] as const

/** `kit.json`: what the kit and the throw-away server are told about a plugin. */
const Kit = t.Object(
  {
    config: t.Record(t.String(), t.Unknown(), { default: {} }),
    accounts: t.Optional(
      t.Object({
        right: account,
        other: t.Optional(account),
        lonely: t.Optional(account),
        crowded: t.Optional(account),
        foreign: t.Optional(account),
        refused: t.Optional(t.Record(t.String(), refused)),
      }),
    ),
    offers: t.Array(t.Union(offers.map((offer) => t.Literal(offer))), { default: [] }),
    without: t.Record(t.String(), t.String(), { default: {} }),
    deadline: t.Optional(t.Integer({ minimum: 1 })),
    parallel: t.Optional(t.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
)
export type Kit = ReturnType<typeof decodeKit>
const decodeKit = (value: unknown) => Value.Decode(Kit, value)

/** Reads the kit's file; one that is not there says nothing. Throws an `Error` with the first fault. */
export async function readKit(file: string): Promise<Kit> {
  const source = Bun.file(file)
  const raw: unknown = (await source.exists()) ? await source.json() : {}
  const { value, faults } = checkValue(Kit, raw)
  const [fault] = faults
  if (fault) throw new Error(`${file}: ${fault.path} ${fault.message}`)
  return decodeKit(value)
}

export interface Workpiece extends AsyncDisposable {
  readonly kind: 'login' | 'storage'
  readonly type: string
  readonly sha256: string
  readonly cases: readonly Runnable[]
}

/** Loads a plugin the way a server would, and makes it ready for its kit. Throws a `PluginError`. */
export async function onTheBench(
  path: string,
  kit: Kit,
  options: Pick<CheckOptions, 'runtime' | 'sandbox'> & { readonly env: Environment },
): Promise<Workpiece> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
  const sha256 = await pinOf(path)
  const { plugin } = await loadPlugin(
    { path, sha256, ...options },
    { folder: join(folder, 'plugins'), env: options.env },
  )
  return {
    kind: plugin.kind,
    type: plugin.type,
    sha256,
    cases:
      plugin.kind === 'login'
        ? loginCases(plugin, kit, { folder, env: options.env })
        : storageCases(plugin, kit, options.env),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Login = Extract<AnyPlugin, { kind: 'login' }>

function loginCases(
  plugin: Login,
  kit: Kit,
  { folder, env }: { readonly folder: string; readonly env: Environment },
): Runnable[] {
  const { config, accounts, ...rest } = kit
  if (!accounts) throw new Error('Cannot test a login source without an account: kit.json has no "accounts"')
  const section = { type: plugin.type, ...config }
  const subject = {
    ...rest,
    dataDir: folder,
    accounts,
    open: (context) => openPlugin(plugin, { section, path: 'kit.json', env }, context),
    plugin: { plugin, config },
  } as LoginSubject // a list that JSON holds has no undefined
  return loginRun(subject)
}

type Storage = Extract<AnyPlugin, { kind: 'storage' }>

function storageCases(plugin: Storage, { config }: Kit, env: Environment): Runnable[] {
  const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
  const section = { type: plugin.type, ...config }
  return storageRun(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'leveret-store-'))
    const context = { id: plugin.type, log: silent, now: Date.now, signal: new AbortController().signal, dataDir }
    return {
      open: () => openPlugin(plugin, { section, path: 'kit.json', env }, context),
      async [Symbol.asyncDispose]() {
        await rm(dataDir, { recursive: true, force: true })
      },
    }
  }, [])
}
