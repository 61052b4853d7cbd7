/** Which brokers are known, and how their versions compare. */

/** Minor releases whose behaviour is known and for which configurations are generated. */
export const BROKER_VERSIONS = ['3.10', '3.11', '3.12', '3.13', '4.0', '4.1', '4.2', '4.3'] as const
export type BrokerVersion = (typeof BROKER_VERSIONS)[number]

const VERSION = /^(\d+\.\d+)(?:\.\d+)?$/

/** `4.2.6` to `4.2`; `undefined` for what is not known. */
export function minorOf(version: string): BrokerVersion | undefined {
  const minor = VERSION.exec(version)?.[1]
  return BROKER_VERSIONS.find((known) => known === minor)
}

/** Compares by number: `3.10` is after `3.9`. A version without a patch level counts as the last patch of its line. */
export function atLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number)
  for (const [index, want] of wanted.split('.').map(Number).entries()) {
    const part = have[index] ?? Number.POSITIVE_INFINITY
    if (part !== want) return part > want
  }
  return true
}
