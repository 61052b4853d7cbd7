import type { World } from './world.ts'

/** An unguessable id that says what it is for: `u_3f9c…`. */
export function newId(prefix: string, world: World): string {
  return `${prefix}_${Buffer.from(world.random(15)).toString('hex')}`
}
