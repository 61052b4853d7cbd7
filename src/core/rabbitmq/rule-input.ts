/** From what an operator wrote to the fields of a rule: presets filled in, every fault reported at once. */
import { Problem } from '../problem.ts'
import { isPreset, PRESET_NAMES, presetRights } from './presets.ts'
import type { Rule } from './records.ts'
import type { NewRule, Permission } from './rules.ts'
import { patternFault, vhostFault } from './scope.ts'

export type RuleFields = Omit<Rule, 'id' | 'createdAt' | 'updatedAt'>
interface Fault {
  readonly path: string
  readonly message: string
}

const PERMISSIONS: readonly Permission[] = ['configure', 'write', 'read']
const SUBJECT_KINDS: readonly string[] = ['user', 'group', 'role', 'client']
const MAX_PATTERNS = 100
const TAGS: readonly string[] = ['management', 'policymaker', 'monitoring', 'administrator', 'impersonator']
/** See and change every vhost, whatever the token says about one. */
const UNBOUND_TAGS: readonly string[] = ['administrator', 'monitoring']

/** Fields of a new rule, or of `existing` after a change. Throws a `Problem` that lists the faults. */
export function ruleFields(input: Partial<NewRule>, existing?: RuleFields): RuleFields {
  const rights = rightsOf(input, existing)
  const fields: RuleFields = {
    subjectKind: input.subjectKind ?? existing?.subjectKind ?? 'user',
    subject: input.subject ?? existing?.subject ?? '',
    vhost: input.vhost ?? existing?.vhost ?? '',
    broker: input.broker === undefined ? (existing?.broker ?? null) : input.broker,
    configure: unique(rights.configure),
    write: unique(rights.write),
    read: unique(rights.read),
    tags: unique(rights.tags),
    preset: input.preset === undefined ? (existing?.preset ?? null) : input.preset,
    note: input.note ?? existing?.note ?? '',
  }
  const faults = [...faultsOf(fields)]
  if (faults.length > 0) {
    const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')
    throw new Problem('invalid_request', `Cannot use this rule: ${list}`, { faults })
  }
  return fields
}

function rightsOf(input: Partial<NewRule>, existing: RuleFields | undefined): Pick<NewRule, Permission | 'tags'> {
  const preset = input.preset ?? ''
  const filled = isPreset(preset) ? presetRights(preset, input.prefix) : undefined
  const pick = (name: Permission | 'tags') => input[name] ?? filled?.[name] ?? existing?.[name] ?? []
  return { configure: pick('configure'), write: pick('write'), read: pick('read'), tags: pick('tags') }
}

function unique(values: readonly string[] | undefined): string[] {
  return [...new Set(values)].toSorted()
}

function* faultsOf(fields: RuleFields): Iterable<Fault> {
  if (!SUBJECT_KINDS.includes(fields.subjectKind)) {
    yield { path: 'subjectKind', message: `Use one of ${SUBJECT_KINDS.join(', ')}` }
  }
  if (fields.subject === '' || fields.subject.length > 190 || /\p{Cc}/u.test(fields.subject)) {
    yield { path: 'subject', message: 'Name whom the rule is for, in 1 to 190 characters' }
  }
  const vhost = vhostFault(fields.vhost)
  if (vhost !== undefined) yield { path: 'vhost', message: vhost }
  if (fields.preset !== null && !isPreset(fields.preset)) {
    yield { path: 'preset', message: `Use one of ${PRESET_NAMES.join(', ')}` }
  }
  if (fields.note.length > 500) yield { path: 'note', message: 'Use at most 500 characters' }
  yield* patternFaults(fields)
  yield* tagFaults(fields)
}

function* patternFaults(fields: RuleFields): Iterable<Fault> {
  for (const permission of PERMISSIONS) {
    const patterns = fields[permission]
    if (patterns.length > MAX_PATTERNS) yield { path: permission, message: `Use at most ${MAX_PATTERNS} patterns` }
    for (const [index, pattern] of patterns.entries()) {
      const message = patternFault(pattern)
      if (message !== undefined) yield { path: `${permission}[${index}]`, message }
    }
  }
}

function* tagFaults(fields: RuleFields): Iterable<Fault> {
  const hasPatterns = PERMISSIONS.some((permission) => fields[permission].length > 0)
  if (!hasPatterns && fields.tags.length === 0) {
    yield { path: 'read', message: 'Give at least one pattern, tag or preset: this rule would allow nothing' }
  }
  for (const [index, tag] of fields.tags.entries()) {
    const path = `tags[${index}]`
    if (!TAGS.includes(tag)) yield { path, message: `Use one of ${TAGS.join(', ')}` }
    else if (UNBOUND_TAGS.includes(tag) && hasPatterns) {
      yield { path, message: `Give "${tag}" in a rule of its own without patterns: it reaches beyond the vhost` }
    }
  }
}
