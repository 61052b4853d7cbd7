/**
 * Ready-made rights for names that share a prefix. What brokers ask for:
 *
 * - publishing: write on the exchange, on a topic exchange also on the routing key;
 * - publishing to a queue by its name: write on `amq.default`. The broker does not look at the routing key there, so
 *   this reaches every queue of the vhost;
 * - declaring and deleting: configure;
 * - consuming: read on the queue;
 * - binding: write on the queue and read on the exchange, on a topic exchange also on the routing key;
 * - dead-lettering: read on the queue and write on the exchange it dead-letters to.
 *
 * A pattern without a routing key covers all of them. Queues that the broker names itself (`amq.gen-…`) are in no
 * preset: a rule that needs them says so.
 */
export interface PresetRights {
  readonly configure: readonly string[]
  readonly write: readonly string[]
  readonly read: readonly string[]
  readonly tags: readonly string[]
}

interface Preset {
  readonly summary: string
  readonly rights: (names: string) => PresetRights
}

export const PRESETS = {
  producer: {
    summary: 'publishes to existing exchanges of the prefix, and to queues by name',
    rights: (names) => ({ configure: [], write: [names, 'amq.default'], read: [], tags: [] }),
  },
  consumer: {
    summary: 'declares, binds and consumes from queues of the prefix',
    rights: (names) => ({ configure: [names], write: [names], read: [names], tags: [] }),
  },
  owner: {
    summary: 'everything on names of the prefix, publishes to queues by name, sees its vhost in the management UI',
    rights: (names) => ({ configure: [names], write: [names, 'amq.default'], read: [names], tags: ['management'] }),
  },
  monitoring: {
    summary: 'sees every vhost in the management UI and API; opens none',
    rights: () => ({ configure: [], write: [], read: [], tags: ['monitoring'] }),
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof PRESETS
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[]

export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name)
}

/** The rights of a preset for names beginning with `prefix`; an empty prefix means all names. */
export function presetRights(preset: PresetName, prefix = ''): PresetRights {
  return PRESETS[preset].rights(`${prefix}*`)
}
