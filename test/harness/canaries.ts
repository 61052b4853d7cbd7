/** Secrets that a test planted, looked for in everything that was logged meanwhile. */

/** What no log holds, whoever planted it: a token with its signature, a password hash, a private key. */
const NEVER: readonly (readonly [string, RegExp])[] = [
  ['a signed token', /\beyJ[\w-]{10,}\.[\w-]+\.[\w-]{20,}/],
  ['an opaque token', /\blv[ard]_[\w-]{40,}/],
  ['a password hash', /\$argon2(?:id|i|d)\$|\$2[aby]\$\d\d\$/],
  ['a private key', /PRIVATE KEY|"d":"[\w-]{20,}"/],
]

/** The variables of an environment that hold a secret, by their names. */
export function secretsOf(env: Readonly<Record<string, string>>): string[] {
  return Object.keys(env).flatMap((name) => (/KEY|SECRET|PASSWORD|TOKEN/.test(name) ? [env[name] ?? ''] : []))
}

/** Throws if these logs hold one of these secrets, as it is or as JSON writes it. */
export function refuseSecrets(logs: string, secrets: Iterable<string>): void {
  const found = NEVER.filter(([, pattern]) => pattern.test(logs)).map(([what]) => what)
  for (const secret of new Set(secrets)) {
    const written = JSON.stringify(secret).slice(1, -1)
    if (secret.length >= 8 && (logs.includes(secret) || logs.includes(written)))
      found.push(`a secret of ${secret.length} letters`)
  }
  if (found.length > 0) throw new Error(`The log holds ${found.join(', ')}`)
}
