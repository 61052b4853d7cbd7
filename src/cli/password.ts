/** A password from a file, the input or the terminal; never from the command line, where every process can read it. */
import { ConfigError } from '../config/fault.ts'
import { readSecret } from '../config/secret.ts'
import { type Call, CommandError, type OptionSpec } from './command.ts'

export const PASSWORD_FILE = {
  type: 'string',
  value: 'FILE',
  help: 'Read the password from this file (mode 600); without it from the input, or asked for on a terminal',
} as const satisfies OptionSpec

export async function readPassword(
  { io }: Pick<Call, 'io'>,
  { file, confirm }: { readonly file: string | undefined; readonly confirm: boolean },
): Promise<string> {
  if (file !== undefined) {
    return readSecret({ file }, '--password-file', io.env).catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error
      throw new CommandError(error.faults.map(({ path, message }) => `${path}: ${message}`).join('; '), {
        cause: error,
      })
    })
  }
  if (!io.input.terminal) {
    const text = (await io.input.all()).replace(/\r?\n$/, '')
    if (text === '')
      throw new CommandError('there is no password on the input: pipe it in, or name a file with --password-file')
    return text
  }
  const password = await io.input.hidden('Password: ')
  if (confirm && (await io.input.hidden('Again: ')) !== password) throw new CommandError('the passwords differ')
  return password
}
