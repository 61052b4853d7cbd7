/** Secrets are named in the configuration and read from a file or the environment, here and nowhere else. */
import { ConfigError } from './fault.ts'
import type { Environment } from './environment.ts'
import type { SecretRef } from './shapes.ts'

/** Where container runtimes put secrets, readable by everybody in the container. */
const RUNTIME_SECRETS = '/run/secrets/'

/** The secret without the newline at its end. `path` is the key in the configuration, for the sentence if it fails. */
export async function readSecret(ref: SecretRef, path: string, env: Environment): Promise<string> {
  const text = 'env' in ref ? fromEnvironment(ref.env, path, env) : await fromFile(ref.file, path)
  if (text.trim() === '') throw fault(path, `${'env' in ref ? `environment variable ${ref.env}` : ref.file} is empty`)
  return text.replace(/\r?\n$/, '')
}

/** A plugin's section with every secret reference in it, at any depth, replaced by the secret. */
export async function readSecrets(value: unknown, path: string, env: Environment): Promise<unknown> {
  if (isSecretRef(value)) return readSecret(value, path, env)
  if (Array.isArray(value)) {
    return Promise.all(value.map((each: unknown, index) => readSecrets(each, `${path}[${index}]`, env)))
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    async ([key, each]): Promise<[string, unknown]> => [key, await readSecrets(each, `${path}.${key}`, env)],
  )
  return Object.fromEntries(await Promise.all(entries))
}

/** Exactly `{ env = … }` or `{ file = … }`. */
export function isSecretRef(value: unknown): value is SecretRef {
  if (typeof value !== 'object' || value === null) return false
  const [entry, ...more] = Object.entries(value)
  return more.length === 0 && entry !== undefined && ['env', 'file'].includes(entry[0]) && typeof entry[1] === 'string'
}

function fromEnvironment(name: string, path: string, env: Environment): string {
  const text = env[name]
  if (text === undefined) throw fault(path, `environment variable ${name} is not set`)
  return text
}

async function fromFile(file: string, path: string): Promise<string> {
  const source = Bun.file(file)
  const stat = await source.stat().catch((cause: unknown) => {
    throw fault(path, `${file} cannot be read: there is no such file, or no permission`, cause)
  })
  if (!stat.isFile()) throw fault(path, `${file} is no file`)
  const mode = stat.mode & 0o777
  if (process.platform !== 'win32' && !file.startsWith(RUNTIME_SECRETS) && (mode & 0o027) !== 0) {
    throw fault(path, `${file} has mode ${mode.toString(8)}, open to others: set it to 600 (chmod 600 ${file})`)
  }
  return source.text().catch((cause: unknown) => {
    throw fault(path, `${file} cannot be read: no permission`, cause)
  })
}

function fault(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError('the configuration', [{ path, message }], { cause })
}
