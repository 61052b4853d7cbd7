/** One thing that is wrong in a configuration: where, and what would be right. */
export interface Fault {
  /** As in the file: `session.bindIp`, `login[0].type`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
}

/** A configuration that cannot be used, with every fault found in it. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly where: string
  readonly faults: readonly Fault[]

  constructor(where: string, faults: readonly Fault[], options?: ErrorOptions) {
    super(`Cannot use ${where}:${faults.map((fault) => `\n  ${describe(fault)}`).join('')}`, options)
    this.where = where
    this.faults = faults
  }
}

function describe(fault: Fault): string {
  return fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`
}
