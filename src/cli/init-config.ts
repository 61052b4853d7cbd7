/** The configuration file that `leveret init` writes: what was chosen, and what to know about the rest, in comments. */

export interface InitChoices {
  readonly publicUrl: string
  readonly host: string
  readonly port: number
  readonly vhost: string
  readonly broker: string
  /** With the files of a private certificate authority. */
  readonly tls: boolean
}

/** Places below the folder of the configuration file. */
export const PLACES = {
  dataDir: 'leveret-data',
  masterKey: 'leveret-data/master.key',
  ca: 'leveret-data/tls/ca.pem',
  cert: 'leveret-data/tls/cert.pem',
  key: 'leveret-data/tls/key.pem',
} as const

export function initialConfig(choices: InitChoices): string {
  const { publicUrl, host, port, vhost, broker, tls } = choices
  return `# Configuration of Leveret. Every key, its meaning and its environment variable: leveret config reference
# After a change: leveret config check && leveret config reload

# How clients and brokers reach the server: the "iss" of every token. Brokers fetch the key set from here, over https only.
publicUrl = ${text(publicUrl)}

# Relative paths start at the folder of this file.
dataDir = ${text(PLACES.dataDir)}

# Encrypts the signing keys in the storage. Keep a copy apart from the data: without it the keys are lost.
masterKey = { file = ${text(PLACES.masterKey)} }

# Proxies in front of the server that tell the address of the client in X-Forwarded-For.
# trustedProxies = ["10.0.0.0/8"]

[listen]
host = ${text(host)}
port = ${port}

${tls ? '' : '# "leveret init --tls" makes a private authority and these files.\n'}${tls ? '' : '# '}[tls]
${tls ? '' : '# '}cert = ${text(PLACES.cert)}
${tls ? '' : '# '}key = ${text(PLACES.key)}

# The embedded storage: one file in dataDir. For several nodes: type = "postgres".
[storage]
type = "sqlite"

# Where people prove who they are, in the order they are asked.
[[login]]
type = "local"

[session]
identityTokenTtl = "24h"
accessTokenTtl = "5m"
# An identity token works from the address it was given to: "exact", "subnet" or "off".
bindIp = "exact"
# What a login means that names no vhost and no broker.
defaultVhost = ${text(vhost)}
defaultBroker = ${text(broker)}
`
}

/** A basic string of TOML; JSON escapes are a part of its escapes. */
function text(value: string): string {
  return JSON.stringify(value)
}
