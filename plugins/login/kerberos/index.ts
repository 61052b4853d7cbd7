/** People of a Kerberos realm or of Active Directory, by ticket (SPNEGO) and by password. */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { defineLoginSource, type LoginSource, type LoginSourceContext, type PasswordLogin, type Verdict } from '#plugin'
import { type Config, config } from './config.ts'
import { diagnose } from './diagnose.ts'
import { createPool, type Pool, reasonOf } from './pool.ts'
import { createJudge, principalFor, type PrincipalRules } from './principals.ts'
import type { Proof } from './protocol.ts'
import { type SidecarOptions, startSidecar } from './sidecar-process.ts'

/** Longer passwords are nobody's. */
const LONGEST_PASSWORD = 1_024
/** What it takes in the realm tells a wrong password from an unknown name or a closed account: every refusal takes this. */
const REFUSAL_MS = 100
/** Reading a ticket takes a tenth of a millisecond and no network. */
const TICKETS_AT_ONCE = 32

export default defineLoginSource({
  type: 'kerberos',
  config,
  async open(given, context) {
    const options = await sidecarOptions(given, context)
    await refuseOpenKeytab(options.config.keytab)
    return openRealm(given, { options, context })
  },
})

async function openRealm(
  given: Config,
  { options, context }: { readonly options: SidecarOptions; readonly context: LoginSourceContext },
): Promise<LoginSource> {
  const rules = rulesOf(given)
  const judge = createJudge(rules)
  const { maxWaiting: waiting, passwordProcesses } = given.sidecar
  const shared = { start: () => startSidecar(options), patience: options.timeout, log: context.log, waiting }
  await using stack = new AsyncDisposableStack()
  // Passwords wait for the network, tickets do not, so they never wait for each other.
  const tickets = stack.use(createPool({ ...shared, processes: 1, atOnce: TICKETS_AT_ONCE }))
  const passwords = stack.use(createPool({ ...shared, processes: passwordProcesses, atOnce: 1 }))
  await tickets.prime()
  const opened = stack.move()

  /** Why the last password could not be checked. Nobody is asked for as long as all goes well. */
  let doubt: string | undefined
  let probing = false

  async function check(principal: string, password: string, signal: AbortSignal): Promise<Proof> {
    const proof = await proofOf(passwords.ask('password', { principal, password }, signal))
    if (!signal.aborted) doubt = !proof.ok && proof.why === 'unavailable' ? proof.detail : undefined
    return proof
  }

  /** Somebody whom no realm knows: that the answer is no shows that there are answers. */
  const nobody = `leveret-probe-${crypto.randomUUID()}@${given.realms[0]}`
  async function probe(): Promise<void> {
    probing = true
    await check(nobody, 'none', context.signal)
    probing = false
  }
  const keytab = () => proofOf(tickets.ask('health', {}, context.signal))

  return {
    ...(given.negotiate && {
      negotiate: {
        networks: given.browserNetworks,
        async step(token: Uint8Array, signal: AbortSignal) {
          const proof = await proofOf(
            tickets.ask('negotiate', { token: Buffer.from(token).toString('base64') }, signal),
          )
          const verdict = proof.ok ? judge(proof.proven, 'kerberos') : proof
          const reply = proof.ok && verdict.ok && proof.reply !== undefined ? proof.reply : undefined
          return reply === undefined ? { verdict } : { verdict, reply: Buffer.from(reply, 'base64') }
        },
      },
    }),
    ...(given.password && {
      password: {
        async verify({ username, password, externalId, signal }: PasswordLogin): Promise<Verdict> {
          const atLeast = Bun.sleep(REFUSAL_MS)
          const principal = principalFor({ username, externalId }, rules)
          const proof = principal !== undefined && isUsable(password) ? await check(principal, password, signal) : WRONG
          const verdict = proof.ok ? judge(proof.proven, 'pwd') : proof
          if (!verdict.ok && verdict.why !== 'unavailable') await atLeast
          return verdict
        },
      },
    }),
    diagnose: (question) => {
      const principal = (username: string) => principalFor({ username }, rules)
      return diagnose({ keytab, principal, check, nobody, judge }, question)
    },
    async health() {
      const usable = await keytab()
      if (!usable.ok) return { ok: false, detail: usable.detail }
      if (doubt === undefined) return { ok: true }
      // Not waited for: it may take as long as a login that is not answered.
      if (!probing) void probe()
      return { ok: false, detail: doubt }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function proofOf(asked: ReturnType<Pool['ask']>): Promise<Proof> {
  try {
    return await asked
  } catch (error) {
    const detail = reasonOf(error)
    if (detail === undefined) throw error
    return { ok: false, why: 'unavailable', detail }
  }
}

const WRONG: Proof = { ok: false, why: 'credentials', detail: 'no name or password of a realm' }

function isUsable(password: string): boolean {
  if (!password.isWellFormed()) return false
  return password !== '' && Buffer.byteLength(password) <= LONGEST_PASSWORD && !password.includes('\0')
}

function rulesOf({
  directory,
  realms,
  username,
  allow,
  deny,
  instances,
  groups,
  requiredGroup,
}: Config): PrincipalRules {
  if (requiredGroup !== undefined && !Object.values(groups).includes(requiredGroup))
    throw new Error(`requiredGroup "${requiredGroup}" is none of the names in groups`)
  const shared = { realms, username, allow, deny, instances, groups, activeDirectory: directory === 'ad' }
  return requiredGroup === undefined ? shared : { ...shared, requiredGroup }
}

async function sidecarOptions(given: Config, { id, dataDir }: LoginSourceContext): Promise<SidecarOptions> {
  const { keytab, services, realms, directory, krb5Conf, replayCache, sidecar } = given
  const inHome = (service: string) => (service.includes('@') ? service : `${service}@${realms[0]}`)
  return {
    instance: id,
    config: {
      keytab: resolve(dataDir, keytab),
      services: services.map(inHome),
      canonicalize: directory === 'ad',
      ...(replayCache !== undefined && { replayCache: `file2:${resolve(dataDir, replayCache)}` }),
    },
    env: krb5Conf === undefined ? {} : { KRB5_CONFIG: resolve(dataDir, krb5Conf) },
    timeout: sidecar.timeoutMs,
    ...(sidecar.user !== undefined && { user: await userNamed(sidecar.user) }),
  }
}

async function userNamed(user: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const passwd = user.includes(':') ? `:x:${user}` : await readFile('/etc/passwd', 'utf8')
  const line = passwd.split('\n').find((each) => user.includes(':') || each.startsWith(`${user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Error(`there is no user "${user}" in /etc/passwd`)
  if (process.getuid?.() !== 0 && process.getuid?.() !== Number(uid))
    throw new Error(`only a server that runs as root can start the sidecar as "${user}"`)
  return { uid: Number(uid), gid: Number(gid) }
}

/** Whoever reads the keytab can make tickets of anybody. The sidecar says whether it can read it at all. */
async function refuseOpenKeytab(keytab: string): Promise<void> {
  const found = await stat(keytab).catch(() => undefined)
  if (!found || (found.mode & 0o007) === 0) return
  throw new Error(`anybody may read or write the keytab ${keytab} (chmod 600)`)
}
