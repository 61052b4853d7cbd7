/** Which passwords may be set here: long enough, and not among those that are tried first. */
import type { Settings } from '../settings.ts'
import { commonWords } from './common-words.ts'
import { comparisonKey, type Fault, matches } from './names.ts'

/** Rows of keyboards, the alphabet and the digits; a run along one of them, either way, is one thing to guess. */
const RUNS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  '!@#$%^&*()',
]
const RUN_LENGTH = 2
/** A shorter piece of a name says nothing. */
const KNOWN_LENGTH = 3
const LOOKALIKES: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'il',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  8: 'b',
  9: 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
}
/** A password made of so few guessable parts is refused: `Password123!` is three, `dragon-monkey-3` is five. */
const TOO_FEW_PARTS = 3

/** What login sources promise to hash; megabytes are nobody's password. */
const MOST_BYTES = 1_024

/** What is wrong with a password that somebody chose; `known` are texts that everybody knows of that person. */
export function passwordFaults(
  password: string,
  { known, path, settings }: { readonly known: readonly string[]; readonly path: string; readonly settings: Settings },
): readonly Fault[] {
  const { minLength, maxLength } = settings.passwords
  const length = Array.from(password).length
  if (length < minLength) return [{ path, message: `Must be at least ${minLength} characters long` }]
  if (length > maxLength) return [{ path, message: `Must be at most ${maxLength} characters long` }]
  if (Buffer.byteLength(password) > MOST_BYTES) return [{ path, message: `Must be at most ${MOST_BYTES} bytes long` }]
  if (!matches(password, settings.patterns.password))
    return [{ path, message: `Must match ${settings.patterns.password}` }]
  if (isCommon(password, known)) {
    return [{ path, message: 'Is too easy to guess: made of words, names or sequences that are tried first' }]
  }
  return []
}

/** Made of no more than three words of the list, known texts, runs, repetitions, years and single characters. */
export function isCommon(password: string, known: readonly string[]): boolean {
  const text = comparisonKey(password)
  const words = [...commonWords, ...known.flatMap(partsOf)]
  return fewestParts(unrepeated(text), words) <= TOO_FEW_PARTS
}

/** `alice.miller@example.com` is known as a whole and by its parts. */
function partsOf(text: string): readonly string[] {
  const key = comparisonKey(text)
  return [key, ...key.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= KNOWN_LENGTH)
}

/** `abcabcabc` guesses like `abc`. */
function unrepeated(text: string): string {
  const period = (text + text).indexOf(text, 1)
  return text.slice(0, period)
}

/** The smallest number of guessable parts that make up the whole text. */
function fewestParts(text: string, words: readonly string[]): number {
  const fewest = [0]
  for (let end = 1; end <= text.length; end += 1) fewest[end] = Number.POSITIVE_INFINITY
  for (let start = 0; start < text.length; start += 1) {
    const sofar = fewest[start] ?? Number.POSITIVE_INFINITY
    if (sofar > TOO_FEW_PARTS) continue
    for (const length of partLengths(text, start, words)) {
      fewest[start + length] = Math.min(fewest[start + length] ?? Number.POSITIVE_INFINITY, sofar + 1)
    }
  }
  return fewest[text.length] ?? Number.POSITIVE_INFINITY
}

/** Lengths of all guessable parts that start here. */
function partLengths(text: string, start: number, words: readonly string[]): readonly number[] {
  const lengths = words.filter((word) => spells(text, start, word)).map((word) => word.length)
  const year = /^(?:19|20)\d\d/.test(text.slice(start, start + 4)) ? [4] : []
  return [1, ...lengths, ...year, ...runLengths(text, start)]
}

function spells(text: string, start: number, word: string): boolean {
  if (start + word.length > text.length) return false
  for (let at = 0; at < word.length; at += 1) {
    const typed = text.charAt(start + at)
    const meant = word.charAt(at)
    if (typed !== meant && !LOOKALIKES[typed]?.includes(meant)) return false
  }
  return true
}

/** One character again and again, and steps along a keyboard row, the alphabet or the digits. */
function runLengths(text: string, start: number): readonly number[] {
  const lengths: number[] = []
  for (let length = 2; text.charAt(start + length - 1) === text.charAt(start); length += 1) lengths.push(length)
  for (const row of RUNS) {
    for (const step of [1, -1]) {
      const origin = row.indexOf(text.charAt(start))
      if (origin < 0) continue
      let length = 1
      while (start + length < text.length && row.charAt(origin + step * length) === text.charAt(start + length)) {
        length += 1
        if (length >= RUN_LENGTH) lengths.push(length)
      }
    }
  }
  return lengths
}
