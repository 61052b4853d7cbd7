/** Who logs in under load, with what a broker token of theirs says. */
const OWN = ['billing.*', 'shipping.*'].map((pattern) => `prod/${pattern}/*`)
const scopes = (permission: string, patterns: readonly string[]) =>
  patterns.map((one) => `rabbitmq.${permission}:${one}`)

export const PERSON = {
  username: 'alice',
  password: 'correct horse battery staple',
  vhost: 'prod',
  scope: [...scopes('configure', OWN), ...scopes('write', OWN), ...scopes('read', [...OWN, 'prod/news/*'])].join(' '),
} as const
