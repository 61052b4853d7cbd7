/** What every plugin is, of whatever kind, and what the host lends it. */
import type { Static, TSchema } from '@sinclair/typebox'

/** The version of the contracts in this folder. The host takes this one and the one before. */
export const API_VERSION = 1

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
/** Values are escaped by the writer; never put a secret here. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** What the host lends a plugin for as long as it is open. */
export interface PluginContext {
  /** The instance's id in the configuration. */
  readonly id: string
  readonly log: Logger
  /** Epoch milliseconds; the only clock a plugin reads. */
  readonly now: () => number
  /** Aborted when the server starts to shut down. */
  readonly signal: AbortSignal
  /** The data folder of the server, absolute; relative paths in a plugin's configuration start here. */
  readonly dataDir: string
}

/**
 * A plugin as its module's default export. The host checks the configuration against `config`, calls `open`, uses what
 * it returns and disposes of it: in that order, each once. `open` throws an `Error` with one clear sentence if it cannot, or
 * an `AggregateError` with one for each fault of a configuration that the schema cannot find.
 */
export interface Plugin<Kind extends string, Config extends TSchema, Opened extends AsyncDisposable, Context> {
  readonly apiVersion: typeof API_VERSION
  readonly kind: Kind
  /** The name used as `type` in the configuration. */
  readonly type: string
  /** TypeBox object schema; unknown keys are refused when it says `additionalProperties: false`. */
  readonly config: Config
  open(config: Static<Config>, context: Context): Promise<Opened>
}
