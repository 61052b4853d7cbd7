import type { Logger } from '#plugin'

/** The outside world as the domain sees it. Nothing in `src/core` reads a clock, a random source or a console itself. */
export interface World {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Cryptographically strong random bytes. */
  readonly random: (bytes: number) => Uint8Array
  readonly log: Logger
}

/** On whose behalf something happens: written into every audit event. */
export interface Caller {
  /** `user:alice`, `operator` (the local socket or command line), `broker:NAME`, `anonymous`, `system`. */
  readonly actor: string
  /** The client's address after trusted proxies were taken into account; absent on the local socket. */
  readonly ip?: string
  readonly requestId: string
}
