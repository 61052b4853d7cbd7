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
  const { config, dataDir, ca, administrator } = done
  const trust = ca === null ? [] : [`Trust this authority in brokers and clients: ${ca}`, '']
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
    ...brokerLines(done),
  ].join('\n')
}

function brokerLines({ config, publicUrl, ca, broker }: Initialised): readonly string[] {
  if (!publicUrl.startsWith('https:'))
    return [
      'Brokers fetch key sets over https only: for them, start anew with --tls, or with a --public-url of a proxy.',
    ]
  const print = `  leveret broker config ${broker} --config ${shell(config)}`
  if (ca === null) return ['Configure the broker:', '', print]
  const copy = '/etc/rabbitmq/leveret-ca.pem' // the broker may not read our data folder, were it on this machine
  return [`Configure the broker, with a copy of the authority at ${copy} there:`, '', `${print} --ca-file ${copy}`]
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
