/**
 * KERB_VALIDATION_INFO ([MS-PAC] 2.5), what Active Directory says of somebody in every ticket: name, security identifier,
 * and groups, those of groups included. NDR in little-endian: a fixed part with references, then what they refer to.
 */
export interface LogonInfo {
  readonly username: string
  readonly domain: string
  readonly sid: string
  /** Identifiers of every group, the primary one first. */
  readonly groups: readonly string[]
}

const FILE_TIME = 8
const SESSION_KEY = 16
const MOST = 65_535

/** Throws a `RangeError` if it ends too early or makes no sense. */
export function parseLogonInfo(bytes: Uint8Array): LogonInfo {
  const read = reader(bytes)
  if (read.u8() !== 1 || read.u8() !== 0x10) throw new RangeError('Cannot read the PAC: not NDR in little-endian')
  read.skip(14)
  if (read.u32() === 0) throw new RangeError('Cannot read the PAC: empty')
  read.skip(6 * FILE_TIME)
  const [effectiveName, ...otherNames] = strings(read, 6)
  read.skip(4) // logon and bad password counts
  const [userId, primaryGroup, groupCount, groupsAt] = [read.u32(), read.u32(), read.u32(), read.u32()]
  read.skip(4 + SESSION_KEY) // user flags
  const [server, domain] = strings(read, 2)
  const domainAt = read.u32()
  read.skip(40) // reserved, account control and failed logons
  const extra = { count: read.u32(), at: read.u32() }
  const resource = { domainAt: read.u32(), count: read.u32(), at: read.u32() }

  const username = text(read, effectiveName)
  for (const name of otherNames) text(read, name)
  const groups = relativeIds(read, groupsAt, groupCount)
  text(read, server)
  const domainName = text(read, domain)
  if (domainAt === 0) throw new RangeError('Cannot read the PAC: no domain')
  const base = identifier(read)
  const extras = extra.at === 0 ? [] : identifiers(read, extra.count)
  const resources = resource.domainAt === 0 ? [] : resourceGroups(read, resource)
  const own = [primaryGroup, ...groups].map((id) => `${base}-${id}`)
  return {
    username,
    domain: domainName,
    sid: `${base}-${userId}`,
    groups: [...new Set([...own, ...extras, ...resources])],
  }
}

type Reader = ReturnType<typeof reader>
interface StringHead {
  readonly length: number
  readonly at: number
}

function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 0
  /** Moves over `size` bytes, first to where something of this alignment may begin; returns where they are. */
  const over = (size: number, alignment = 1): number => {
    const start = Math.ceil(position / alignment) * alignment
    if (start + size > bytes.byteLength) throw new RangeError('Cannot read the PAC: it ends too early')
    position = start + size
    return start
  }
  return {
    u8: () => view.getUint8(over(1)),
    u16: () => view.getUint16(over(2, 2), true),
    u32: () => view.getUint32(over(4, 4), true),
    take: (size: number) => bytes.subarray(over(size), position),
    skip: (size: number) => void over(size),
  }
}

function strings(read: Reader, count: number): StringHead[] {
  return Array.from({ length: count }, () => {
    const length = read.u16()
    read.u16() // allocated
    return { length, at: read.u32() }
  })
}

function text(read: Reader, head: StringHead | undefined): string {
  if (!head || head.at === 0) return ''
  read.u32() // allocated
  read.u32() // offset
  const bytes = read.take(read.u32() * 2)
  return new TextDecoder('utf-16le').decode(bytes.subarray(0, head.length))
}

function counted(read: Reader, expected: number): number {
  const count = read.u32()
  if (count !== expected || count > MOST) throw new RangeError('Cannot read the PAC: counts differ')
  return count
}

/** Each with attributes that do not matter here. */
function relativeIds(read: Reader, at: number, count: number): number[] {
  if (at === 0) return []
  return Array.from({ length: counted(read, count) }, () => {
    const id = read.u32()
    read.u32()
    return id
  })
}

function identifiers(read: Reader, count: number): string[] {
  const references = relativeIds(read, 1, count)
  return references.filter((reference) => reference !== 0).map(() => identifier(read))
}

function resourceGroups(read: Reader, { count, at }: { readonly count: number; readonly at: number }): string[] {
  const base = identifier(read)
  return relativeIds(read, at, count).map((id) => `${base}-${id}`)
}

function identifier(read: Reader): string {
  const announced = read.u32()
  const [revision, count] = [read.u8(), read.u8()]
  if (announced !== count || count > 15) throw new RangeError('Cannot read the PAC: no security identifier')
  const authority = read.take(6).reduce((sum, byte) => sum * 256 + byte, 0)
  const parts = Array.from({ length: count }, () => read.u32())
  return ['S', revision, authority, ...parts].join('-')
}
