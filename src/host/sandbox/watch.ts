/**
 * A thread of the server that hears of what plugins ask the kernel for, before the kernel decides. It tells the server what
 * their permissions do not let them, and decides nothing: a call that Landlock judges goes on to it, all others are refused.
 */
import { realpathSync } from 'node:fs'
import { type Attempt, type Call, type Grants, lookAt, type Sight } from './attempt.ts'
import { type Handed, receiveFrom } from './handover.ts'
import { kernel } from './kernel.ts'
import { Unseen } from './memory-of.ts'
import type { Policy } from './policy.ts'
import { errorOf, isJudgedElsewhere } from './seccomp.ts'
import { callNumber, callOf } from './system-calls.ts'

interface Tried {
  readonly attempt: Attempt
  /** Milliseconds since 1970, on the clock of `performance`: the last time. */
  readonly at: number
  readonly times: number
}

/** What the server hears. */
export type Told =
  | ({ readonly token: string } & Tried)
  /** So many more, which are too many to be told one by one. */
  | { readonly token: string; readonly others: number }
  /** Nothing is told of it, from here on or at all. `over`: whoever was watched cannot go on. */
  | { readonly token: string; readonly blind: string; readonly over?: true }

const POLLIN = 1
const RECEIVE = 0xc0502100
const SEND = 0xc0182101
const IS_VALID = 0x40082102
const CONTINUE = 1
const EPERM = 1
/** Different things of one process that are told one by one. */
const MOST_KNOWN = 200
/** Milliseconds from something that happened again to the number of times being told. */
const SOON = 100

interface Watched {
  readonly token: string
  readonly grants: Grants
  readonly known: Map<string, Tried>
  /** Happened since anything was told. */
  untold: number
  blind: boolean
}

/** Never returns; where it fails, nobody is watched any more, and whoever was fails at the next call. */
export function watchAll(socket: number, tell: (told: Told) => void): never {
  const listeners = new Map<number, Watched>()
  const { call } = kernel()
  let waitingSince: number | undefined
  try {
    for (;;) {
      const asked = new Int32Array([socket, ...listeners.keys()].flatMap((each) => [each, POLLIN]))
      const atMost = waitingSince === undefined ? 0 : new BigUint64Array([0n, BigInt(SOON * 1_000_000)])
      call(callNumber('ppoll'), asked, asked.length / 2, atMost, 0, 0)
      for (let at = 0; at < asked.length; at += 2) {
        const descriptor = asked[at] ?? -1
        const happened = (asked[at + 1] ?? 0) >>> 16
        const watched = listeners.get(descriptor)
        if (happened === 0) continue
        if (!watched) welcome(socket, listeners, tell)
        else if (happened & POLLIN) answer(descriptor, watched, tell)
        else {
          listeners.delete(descriptor) // the last of its processes is gone
          call(callNumber('close'), descriptor)
          tellRest(watched, tell)
        }
      }
      const waiting = listeners.values().filter(({ untold }) => untold > 0)
      if (waitingSince === undefined) waitingSince = waiting.some(() => true) ? performance.now() : undefined
      else if (performance.now() - waitingSince >= SOON) {
        for (const each of waiting) tellRest(each, tell)
        waitingSince = undefined
      }
    }
  } finally {
    for (const each of listeners.keys()) call(callNumber('close'), each)
  }
}

/** Takes in who is to be watched from now on. */
function welcome(socket: number, listeners: Map<number, Watched>, tell: (told: Told) => void): void {
  const handed = receiveFrom(socket)
  if (handed === undefined) return
  const { token, policy, pid, error } = JSON.parse(handed.text) as Handed // our own launcher wrote it
  if (error !== undefined) tell({ token, blind: `the kernel or the container does not let it listen (error ${error})` })
  if (handed.descriptor === undefined) return
  listeners.set(handed.descriptor, {
    token,
    grants: grantsOf(policy, pid),
    known: new Map(),
    untold: 0,
    blind: false,
  })
}

function grantsOf(policy: Policy, pid: number): Grants {
  const real = (paths: readonly string[]): string[] =>
    paths.flatMap((each) => {
      if (each === '/proc/self') return `/proc/${pid}`
      try {
        return realpathSync.native(each)
      } catch {
        return []
      }
    })
  const { read, write, execute } = policy
  return { ...policy, pid, read: real(read), write: real(write), execute: real(execute) }
}

/** One call: looked at, answered, told. */
function answer(listener: number, watched: Watched, tell: (told: Told) => void): void {
  const { call } = kernel()
  const asked = Buffer.alloc(256)
  if (call(callNumber('ioctl'), listener, RECEIVE, asked) < 0) return // it is gone, or was interrupted
  const asking: Call | undefined = callIn(asked)
  const sight = asking === undefined ? undefined : sightOf(asking, watched, tell)
  const valid = call(callNumber('ioctl'), listener, IS_VALID, asked) === 0 // else that was somebody else's memory
  const reply = Buffer.alloc(24)
  asked.copy(reply, 0, 0, 8)
  if (asking && isJudgedElsewhere(asking.name)) reply.writeUInt32LE(CONTINUE, 20)
  else reply.writeInt32LE(-(asking ? errorOf(asking.name) : EPERM), 16)
  call(callNumber('ioctl'), listener, SEND, reply)
  const attempt = valid ? attemptOf(sight) : undefined
  if (attempt) report(attempt, watched, tell)
}

function callIn(asked: Buffer): Call | undefined {
  const name = callOf(asked.readInt32LE(16))
  const args = Array.from({ length: 6 }, (_, at) => asked.readBigUInt64LE(32 + 8 * at))
  return name && { name, args, thread: asked.readUInt32LE(8) }
}

function sightOf(call: Call, watched: Watched, tell: (told: Told) => void): Sight | undefined {
  try {
    return lookAt(call, watched.grants)
  } catch (error) {
    if (error instanceof Unseen && !watched.blind) {
      watched.blind = true
      tell({ token: watched.token, blind: error.message })
    }
    return undefined
  }
}

/** A process that has ended meanwhile has nothing left to be looked at. */
function attemptOf(sight: Sight | undefined): Attempt | undefined {
  try {
    return sight?.()
  } catch {
    return undefined
  }
}

/** Each different thing at once, up to a number of them; the same again only as a number, a little later. */
function report(attempt: Attempt, watched: Watched, tell: (told: Told) => void): void {
  const { token, known } = watched
  const key = `${attempt.permission} ${attempt.deed}`
  const at = performance.timeOrigin + performance.now()
  const before = known.get(key)
  if (before || known.size >= MOST_KNOWN) watched.untold++
  if (before) known.set(key, { attempt, at, times: before.times + 1 })
  else if (known.size < MOST_KNOWN) {
    known.set(key, { attempt, at, times: 0 })
    tell({ token, attempt, at, times: 1 })
  }
}

function tellRest(watched: Watched, tell: (told: Told) => void): void {
  const { token, known, untold } = watched
  let others = untold
  for (const [key, { attempt, at, times }] of known) {
    if (times > 0) tell({ token, attempt, at, times })
    others -= times
    known.set(key, { attempt, at, times: 0 })
  }
  if (others > 0) tell({ token, others })
  watched.untold = 0
}
