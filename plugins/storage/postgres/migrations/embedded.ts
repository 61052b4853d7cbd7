/** The schema's history, oldest first. Never changed once released. */
export interface Migration {
  readonly name: string
  readonly sql: string
}

export const migrations: readonly Migration[] = []
