/** Who may import whom: the table of the design, read by the test of the architecture. */

/** A folder and what its files may import: our own paths by prefix, everything else by pattern. */
export interface Zone {
  readonly own: readonly string[]
  readonly packages: RegExp
  /** Our own paths of which only types may be used. */
  readonly types?: readonly string[]
}

const TYPEBOX = '@sinclair/typebox(?:/[a-z-]+)?'
export const ZONES: Readonly<Record<string, Zone>> = {
  'src/plugin': { own: ['src/plugin'], packages: only(TYPEBOX) },
  'src/core': {
    own: ['src/core', 'src/plugin'],
    packages: only(
      TYPEBOX,
      'jose',
      '@noble/[a-z-]+(?:/.*)?',
      'otpauth',
      '@simplewebauthn/server(?:/helpers)?',
      'reflect-metadata',
      'node:(?:crypto|net)',
    ),
  },
  'src/http': {
    own: ['src/http', 'src/core', 'src/plugin'],
    /** What pages show; how they are drawn comes in as a value. */
    types: ['src/web/view.ts', 'src/web/account-view.ts'],
    packages: only(TYPEBOX, 'elysia', 'bun', 'node:(?!fs|child_process|worker_threads|sqlite).*'),
  },
  'src/web': {
    own: ['src/web'],
    types: ['src/core'],
    packages: only('preact', 'preact-render-to-string', 'mustache', 'uqr'),
  },
  'src/host': { own: ['src/host', 'src/plugin', 'src/config'], packages: only(TYPEBOX, 'bun', 'bun:ffi', 'node:.*') },
  'src/config': { own: ['src/config'], packages: only(TYPEBOX, 'node:(?:fs|path|url|util).*') },
  /** Several processes of one server: each is an instance of `src/server.ts`. */
  'src/processes': {
    own: ['src/processes', 'src/server.ts', 'src/host', 'src/core', 'src/config', 'src/plugin'],
    types: ['src/http/metrics.ts'],
    packages: only('node:(?:fs|timers/promises)'),
  },
  'src/cli': {
    own: [
      'src/cli',
      'src/processes',
      'src/server.ts',
      'src/plugin-workshop.ts',
      'plugins/templates',
      'src/log.ts',
      'src/settings-of-config.ts',
      'src/clients-of-config.ts',
      'src/core',
      'src/config',
      'src/plugin',
      'package.json',
    ],
    /** `src/server.ts` and the workshop pass on what it needs of `src/host`, built-in plugins and the kits. */
    packages: only(TYPEBOX, 'jose', '@peculiar/x509', 'reflect-metadata', 'bun', 'node:(?!sqlite).*'),
  },
  /** The one plugin that calls C; it does so in a process of its own. */
  'plugins/login/kerberos': { own: ['src/plugin/index.ts'], packages: only(TYPEBOX, 'bun:ffi', 'node:.*') },
  plugins: {
    own: ['src/plugin/index.ts'],
    /** Examples are written as an outsider would, hence `leveret/plugin`. */
    packages: only(
      TYPEBOX,
      'leveret/plugin',
      'drizzle-orm(?:/.*)?',
      'jose',
      'ldapts',
      'openid-client',
      'bun',
      'bun:sqlite',
      'node:.*',
    ),
  },
}

function only(...patterns: readonly string[]): RegExp {
  return patterns.length === 0 ? /(?!)/ : new RegExp(`^(?:${patterns.join('|')})$`)
}
