/** What people, mail addresses and groups may be called, and when two spellings are one name. */
import { Problem } from '../problem.ts'

export interface Fault {
  readonly path: string
  readonly message: string
}

/** Longest name, mail address or id that storage indexes. */
export const NAME_LENGTH = 190

const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u
/** Nothing of it has another form than its lower case. */
const PLAIN = /^[\x20-\x7e]*$/
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/**
 * What compares: compatibility forms, case and invisible characters make no difference. Upper case on the way to lower
 * case joins what lower case alone keeps apart (`ß` and `SS`, the two small sigmas).
 */
export function comparisonKey(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').replace(INVISIBLE, '').toUpperCase().toLowerCase().normalize('NFKC')
}

/** Within storage's bounds and on one line: what even a name from a directory has to be. */
export function isStorableName(text: string): boolean {
  return (
    text !== '' && text.length <= NAME_LENGTH && comparisonKey(text).length <= NAME_LENGTH && !UNPRINTABLE.test(text)
  )
}

/** Normalised, and checked after that: what is compared later is what was checked. Adds to `faults` what is wrong. */
export function acceptName(
  { path, value, pattern }: { readonly path: string; readonly value: string; readonly pattern: string },
  faults: Fault[],
): string {
  const name = value.length > 4 * NAME_LENGTH ? value : value.normalize('NFKC')
  if (!isStorableName(name) || comparisonKey(name) === '') {
    faults.push({
      path,
      message: `Must be 1 to ${NAME_LENGTH} characters on one line, none of them a control character`,
    })
  } else if (!matches(name, pattern)) {
    faults.push({ path, message: `Must match ${pattern}` })
  }
  return name
}

/** A mail address: as a name, and with exactly one `@` that has something on both sides and no space. */
export function acceptEmail(
  { path, value, pattern }: { readonly path: string; readonly value: string; readonly pattern: string },
  faults: Fault[],
): string {
  const before = faults.length
  const email = acceptName({ path, value, pattern }, faults)
  if (faults.length === before && !isEmail(email))
    faults.push({ path, message: 'Must be one mail address: name@domain' })
  return email
}

/**
 * For an address that was normalised already. What would end it or begin another one in the head of a mail is in none
 * (RFC 5322 section 3.4): quoted names and literal domains are not worth that.
 */
export function isEmail(text: string): boolean {
  return /^[^@\s<>()[\]\\,;:"]+@[^@\s<>()[\]\\,;:"]+$/u.test(text)
}

export function matches(text: string, pattern: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'su').test(text)
}

/** Refuses with everything that was found. */
export function refuseFaults(faults: readonly Fault[]): void {
  if (faults.length > 0)
    throw new Problem('invalid_request', 'Some members of the request are not acceptable', { faults })
}
