/** From what an operator says to what is done: presets filled in, keys of older systems taken, every fault told at once. */
import { CLAIMS, PRESETS, type Preset } from './presets.ts'
import type { Given } from './config.ts'
import { type Faults, legacyOf } from './legacy.ts'
import { checkBinding, checkFilters, checkGroups, checkNames, checkTls, urlsOf } from './checks.ts'

export type GroupMode = 'none' | 'memberof' | 'filter' | 'recursive' | 'ad_chain' | 'token_groups'
export type Scope = 'sub' | 'one' | 'base'

export interface Options {
  readonly urls: readonly URL[]
  readonly startTls: boolean
  readonly connectTimeout: number
  readonly operationTimeout: number
  readonly deadline: number
  readonly maxConcurrent: number
  readonly maxWaiting: number
  readonly pageSize: number
  readonly tls: Given['tls']
  readonly binding: Binding
  readonly users: { readonly base: string; readonly scope: Scope; readonly filter: string }
  readonly attributes: AttributeNames
  readonly emailDomain: string | undefined
  readonly trustEmail: boolean
  readonly checkAccountState: boolean
  readonly groups: GroupOptions
}

/** How the entry of a person becomes known, and who searches. */
export interface Binding {
  readonly mode: 'search' | 'template' | 'upn'
  /** Searches before and after; without it the person does, or nobody in particular. */
  readonly service?: { readonly name: string; readonly password: string }
  readonly template: string
  readonly domain: string | undefined
}

export interface AttributeNames {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly name: string
  readonly memberOf: string
  readonly claims: Readonly<Record<string, string>>
}

export interface GroupOptions {
  readonly mode: GroupMode
  readonly base: string
  readonly scope: Scope
  readonly filter: string
  readonly nameAttribute: string
  readonly memberAttributes: readonly string[]
  readonly userAttribute: string
  readonly maxDepth: number
  readonly required: string | undefined
  readonly prefix: string
  readonly stripPrefix: boolean
  readonly mappings: Given['groups']['mappings']
  readonly admin: { readonly filter: string; readonly group: string } | undefined
}

/** Throws an `AggregateError` with every fault. */
export function resolveOptions(given: Given): Options {
  const faults: Faults = []
  const legacy = legacyOf(given, faults)
  const preset: Preset = PRESETS[given.preset ?? (given.domain === undefined ? 'openldap' : 'ad')]
  const base = legacy.baseDn ?? ''
  if (base === '') faults.push('baseDn is required')
  const options: Options = {
    urls: urlsOf(legacy.urls ?? [], given, faults),
    startTls: given.startTls,
    connectTimeout: given.connectTimeoutMs,
    operationTimeout: given.operationTimeoutMs,
    deadline: given.loginDeadlineMs,
    maxConcurrent: given.maxConcurrent,
    maxWaiting: given.maxWaiting,
    pageSize: given.pageSize,
    tls: { ...given.tls, ...(legacy.caFile !== undefined && { caFile: legacy.caFile }) },
    binding: bindingOf(given),
    users: {
      base: given.userSearch.baseDn ?? `${preset.people}${base}`,
      scope: given.userSearch.scope ?? 'sub',
      filter: given.userSearch.filter ?? preset.userFilter,
    },
    attributes: attributesOf(given, preset),
    emailDomain: given.emailDomain ?? (given.domain?.includes('.') ? given.domain : undefined),
    trustEmail: given.trustEmail,
    checkAccountState: given.checkAccountState,
    groups: groupsOf(given, { preset, base, required: legacy.required, prefix: legacy.prefix }),
  }
  checkTls(given, options, faults)
  checkBinding(given, options.binding, faults)
  checkNames(options, faults)
  checkGroups(options, faults)
  checkFilters(options, faults)
  if (faults.length > 0) throw new AggregateError(faults.map((fault) => new Error(fault)))
  return options
}

function bindingOf({ bindMode, bindDn, bindPassword, userDnTemplate, domain }: Given): Binding {
  const byKeys = domain === undefined || bindDn !== undefined ? 'search' : 'upn'
  return {
    mode: bindMode ?? (userDnTemplate === undefined ? byKeys : 'template'),
    ...(bindDn !== undefined && { service: { name: bindDn, password: bindPassword ?? '' } }),
    template: userDnTemplate ?? '',
    domain,
  }
}

function attributesOf({ attributes }: Given, preset: Preset): AttributeNames {
  return {
    id: attributes.id ?? preset.id,
    username: attributes.username ?? preset.username,
    email: attributes.email ?? preset.email,
    name: attributes.name ?? preset.name,
    memberOf: attributes.memberOf ?? preset.memberOf,
    claims: attributes.claims ?? CLAIMS,
  }
}

function groupsOf(
  { groups }: Given,
  defaults: {
    readonly preset: Preset
    readonly base: string
    readonly required: string | undefined
    readonly prefix: string | undefined
  },
): GroupOptions {
  const { preset, base, required, prefix } = defaults
  return {
    mode: groups.mode ?? preset.groupMode,
    base: groups.baseDn ?? `${preset.groups}${base}`,
    scope: groups.scope ?? 'sub',
    filter: groups.filter ?? (groups.mode === 'filter' ? '(member={dn})' : preset.groupClass),
    nameAttribute: groups.nameAttribute ?? 'cn',
    memberAttributes: groups.memberAttributes ?? ['member', 'uniqueMember'],
    userAttribute: groups.userAttribute ?? 'dn',
    maxDepth: groups.maxDepth,
    required,
    prefix: prefix ?? '',
    stripPrefix: groups.stripPrefix,
    mappings: groups.mappings,
    admin: groups.adminFilter === undefined ? undefined : { filter: groups.adminFilter, group: groups.adminGroup },
  }
}
