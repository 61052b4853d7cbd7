/** What `leveret init` says at the end: what there is now, the password, what to do next. */

export interface Initialised {
  readonly config: string
  readonly dataDir: string
  readonly publicUrl: string
  /** The authority that brokers and clients must trust; `null` without TLS. */
  readonly ca: string | null
  readonly administrator: { readonly username: string; readonly password: string }
  readonly vhost: string
  readonly broker: string
}

export function nextSteps(done: Initialised): string {
  const { config, dataDir, ca, administrator, broker } = done
  const trust = ca === null ? [] : [`Trust this authority in brokers and clients: ${ca}`, '']
  const caOption = ca === null ? '' : ` --ca-file ${shell(ca)}`
  return [
    `Wrote ${config} and ${dataDir}`,
    '',
    `First administrator: ${administrator.username}`,
    `One-time password:   ${administrator.password}`,
    `It is shown only now; "leveret user set-password ${administrator.username}" sets your own.`,
    '',
    ...trust,
    'Start the server:',
    '',
    `  leveret serve --config ${shell(config)}`,
    '',
    'Then log in, get a token, look at the session:',
    '',
    ...curlLines(done).map((line) => `  ${line}`),
    '',
    `Configure the broker: leveret broker config ${broker} --config ${shell(config)}${caOption}`,
  ].join('\n')
}

type Reachable = Pick<Initialised, 'publicUrl' | 'ca' | 'administrator' | 'vhost'>

/** Lines of shell that log in, get a token and look at the session. */
export function curlLines({ publicUrl, ca, administrator, vhost }: Reachable): readonly string[] {
  const curl = ca === null ? 'curl -s' : `curl -s --cacert ${shell(ca)}`
  const login = shell(JSON.stringify({ ...administrator, vhost }))
  const idToken = `sed 's/.*"id_token":"\\([^"]*\\)".*/\\1/'`
  return [
    `ID=$(${curl} ${publicUrl}/auth/session/login -H 'content-type: application/json' -d ${login} | ${idToken})`,
    `${curl} -X POST ${publicUrl}/auth/session/token -H "authorization: Bearer $ID"; echo`,
    `${curl} ${publicUrl}/auth/session -H "authorization: Bearer $ID"; echo`,
  ]
}

/** A word as a shell takes it. */
function shell(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
