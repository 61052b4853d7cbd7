/**
 * The distribution's Apache with mod_auth_openidc, a certified relying party, in a temporary folder on loopback: pages below
 * `/private` want a login and show who came.
 */
import { describe } from 'bun:test'
import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './broker.ts'
import { temporaryFolder } from './plugins.ts'
import { until } from './until.ts'

const APACHE = Bun.which('apache2', { PATH: `/usr/sbin:${process.env['PATH'] ?? ''}` })
const MODULES = '/usr/lib/apache2/modules'
const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'mime', 'include', 'auth_openidc']

/** A `describe` for what needs Apache: fails where it must be there, else says why it is skipped. */
export function describeWithApache(name: string, body: () => void): void {
  if (APACHE !== null || process.env['CI']) {
    describe(name, body)
    return
  }
  const reason = 'Apache is not installed (apt-get install apache2 libapache2-mod-auth-openidc)'
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export interface Apache extends AsyncDisposable {
  readonly url: string
}

/** Where Apache will be, known before its client is registered. */
export interface ApachePlace {
  readonly url: string
  readonly redirectUri: string
  /** Where people land after a logout. */
  readonly bye: string
  start(at: {
    readonly issuer: string
    readonly ca: string
    readonly client: { readonly id: string; readonly secret: string }
  }): Promise<Apache>
}

export function apachePlace(): ApachePlace {
  const url = `http://localhost:${freePort()}`
  const redirectUri = `${url}/private/callback`
  const bye = `${url}/bye.html`
  return {
    url,
    redirectUri,
    bye,
    async start({ issuer, ca, client }) {
      await using stack = new AsyncDisposableStack()
      const folder = stack.use(await temporaryFolder())
      await chmod(folder.path, 0o755)
      await folder.write('ca.pem', ca)
      await folder.write('pages/private/index.shtml', PAGE)
      await folder.write('pages/bye.html', '<!doctype html><title>Bye</title><h1>You are out</h1>')
      await mkdir(join(folder.path, 'run'))
      // Its workers are nobody, who writes here alone.
      await chown(join(folder.path, 'run'), NOBODY, NOBODY)
      const config = await folder.write('apache.conf', configuration(folder.path, { url, redirectUri, issuer, client }))
      const log = () => Bun.file(join(folder.path, 'run/error.log')).text()
      const child = Bun.spawn([APACHE ?? 'apache2', '-d', folder.path, '-f', config, '-DFOREGROUND'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {},
      })
      stack.defer(async () => {
        child.kill('SIGTERM')
        await child.exited
      })
      const up = async () => child.exitCode === null && (await answers(bye))
      await until(async () => child.exitCode !== null || (await up()), 20_000)
      if (!(await up())) throw new Error(`Cannot start Apache: ${await log()}`)
      const disposal = stack.move()
      return { url, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
    },
  }
}

const NOBODY = 65_534
const PAGE = `<!doctype html><title>Private</title>
<p id="who"><!--#echo var="REMOTE_USER" --></p>
<p id="mail"><!--#echo var="OIDC_CLAIM_email" --></p>
`

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

function configuration(
  folder: string,
  {
    url,
    redirectUri,
    issuer,
    client,
  }: Record<'url' | 'redirectUri' | 'issuer', string> & {
    readonly client: { readonly id: string; readonly secret: string }
  },
): string {
  const { port } = new URL(url)
  return `
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerName localhost
Listen 127.0.0.1:${port}
User #${NOBODY}
Group #${NOBODY}
DefaultRuntimeDir ${folder}/run
PidFile ${folder}/run/apache.pid
ErrorLog ${folder}/run/error.log
LogLevel warn auth_openidc:info
StartServers 1
DocumentRoot ${folder}/pages
TypesConfig /dev/null
AddType text/html .shtml .html
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml
<Directory ${folder}/pages>
  Options +Includes
  Require all granted
</Directory>

OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCCABundlePath ${folder}/ca.pem
OIDCClientID ${client.id}
OIDCClientSecret ${client.secret}
OIDCRedirectURI ${redirectUri}
OIDCCryptoPassphrase a-passphrase-of-the-tests
OIDCScope "openid profile email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
OIDCPassClaimsAs environment
<Location /private>
  AuthType openid-connect
  Require valid-user
</Location>
`
}
