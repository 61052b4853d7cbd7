/** Codes that people read off one screen and type into another. */
import type { World } from '../world.ts'

/** No vowels, so that no words come of it, and nothing that looks like something else (RFC 8628 section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/** Eight letters: 34 bits, guessed at with a limit. */
export function newUserCode(world: Pick<World, 'random'>): string {
  let code = ''
  while (code.length < LENGTH)
    // 240 is the last multiple of 20 below 256: every letter is as likely as another.
    for (const byte of world.random(LENGTH))
      if (byte < 240 && code.length < LENGTH) code += LETTERS[byte % LETTERS.length]
  return code
}

/** `BCDF-GHJK`, as it is shown. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`
}

/** As it was made, however it was typed. */
export function typedUserCode(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
    .slice(0, LENGTH + 1)
}
