/** Why a plugin cannot be used: one kind and one sentence each, closed, so that tests and operators can rely on them. */
export type PluginFault =
  | 'missing'
  | 'not-a-plugin-file'
  | 'symlink'
  | 'permissions'
  | 'pin'
  | 'syntax'
  | 'import'
  | 'throws'
  | 'hangs'
  | 'exits'
  | 'fails-later'
  | 'export'
  | 'api-version'
  | 'type-taken'
  | 'manifest'
  | 'sandbox'

export class PluginError extends Error {
  override name = 'PluginError'
  readonly fault: PluginFault
  /** As configured. */
  readonly path: string
  readonly sentence: string

  constructor(fault: PluginFault, path: string, sentence: string, options?: ErrorOptions) {
    super(`Cannot use plugin ${path}: ${sentence}`, options)
    this.fault = fault
    this.path = path
    this.sentence = sentence
  }
}

/** Somebody else's error text as part of one line of ours. */
export function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
