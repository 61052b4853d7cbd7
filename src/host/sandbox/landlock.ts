/**
 * Landlock, <linux/landlock.h>: from the moment it is applied a process, and all that comes of it, opens only the files and
 * connects only to the TCP ports that are named. Nothing takes it back.
 */
import { statSync } from 'node:fs'
import { cString, kernel } from './kernel.ts'
import type { Policy } from './policy.ts'
import { callNumber } from './system-calls.ts'

const EXECUTE = 1 << 0
const WRITE_FILE = 1 << 1
const READ_FILE = 1 << 2
const READ_DIR = 1 << 3
const REMOVE_DIR = 1 << 4
const REMOVE_FILE = 1 << 5
const MAKE_DIR = 1 << 7
const MAKE_REG = 1 << 8
const REFER = 1 << 13
const TRUNCATE = 1 << 14
/** By version of the interface: all rights there were so far. */
const ALL_OF_FILES = [0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff]

const BIND_TCP = 1
const CONNECT_TCP = 2
const SCOPE_ABSTRACT_UNIX_SOCKET = 1
const SCOPE_SIGNAL = 2
const RULE_PATH = 1
const RULE_PORT = 2
const CREATE_VERSION = 1
const LOG_NEW_EXEC = 2

const AT_FDCWD = -100
const O_PATH_CLOEXEC = 0o10000000 | 0o2000000

/** First versions that restrict TCP, that scope signals, that log what was refused after `execve`. */
export const VERSION_OF_TCP = 4
const VERSION_OF_SCOPES = 6
const VERSION_OF_LOG = 7

/** The version of the interface, 0 where there is none. Changes nothing. */
export function landlockVersion(): number {
  try {
    return Math.max(0, kernel().call(callNumber('landlock_create_ruleset'), 0, 0, CREATE_VERSION))
  } catch {
    return 0
  }
}

/** Restricts the calling thread and what it executes. `no_new_privs` must be set. Throws if the kernel refuses. */
export function restrictFilesAndPorts({ read, write, execute, ports }: Policy): void {
  const version = landlockVersion()
  const files = ALL_OF_FILES[Math.min(version, ALL_OF_FILES.length - 1)] ?? 0
  const rights = (wanted: number): bigint => BigInt(wanted & files)
  const network = version < VERSION_OF_TCP ? 0 : ports === 'any' ? BIND_TCP : BIND_TCP | CONNECT_TCP
  const scopes = version < VERSION_OF_SCOPES ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL
  const attributes = new BigUint64Array([BigInt(files), BigInt(network), BigInt(scopes)])
  const size = version < VERSION_OF_TCP ? 8 : version < VERSION_OF_SCOPES ? 16 : 24
  const ruleset = must(kernel().call(callNumber('landlock_create_ruleset'), attributes, size, 0), 'make a ruleset')

  const allow = (path: string, folder: number, file: number): void => {
    const descriptor = kernel().call(callNumber('openat'), AT_FDCWD, cString(path), O_PATH_CLOEXEC, 0)
    if (descriptor < 0) return // what is not there needs no right
    const rule = Buffer.alloc(12)
    rule.writeBigUInt64LE(rights(statSync(path).isDirectory() ? folder : file), 0)
    rule.writeInt32LE(descriptor, 8)
    must(kernel().call(callNumber('landlock_add_rule'), ruleset, RULE_PATH, rule, 0), `allow ${path}`)
  }
  for (const path of read) allow(path, READ_FILE | READ_DIR, READ_FILE)
  const change = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
  for (const path of write) allow(path, READ_FILE | READ_DIR | change, READ_FILE | WRITE_FILE | TRUNCATE)
  for (const path of execute) allow(path, EXECUTE | READ_FILE | READ_DIR, EXECUTE | READ_FILE)
  for (const port of network & CONNECT_TCP && ports !== 'any' ? ports : []) {
    const rule = new BigUint64Array([BigInt(CONNECT_TCP), BigInt(port)])
    must(kernel().call(callNumber('landlock_add_rule'), ruleset, RULE_PORT, rule, 0), `allow port ${port}`)
  }
  const flags = version < VERSION_OF_LOG ? 0 : LOG_NEW_EXEC
  must(kernel().call(callNumber('landlock_restrict_self'), ruleset, flags), 'apply the ruleset')
}

function must(result: number, what: string): number {
  if (result >= 0) return result
  throw new Error(`Landlock does not ${what} (error ${-result})`)
}
