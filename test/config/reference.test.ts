import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { variableName } from '../../src/config/environment.ts'
import { configReference } from '../../src/config/reference.ts'
import { ConfigSchema } from '../../src/config/schema.ts'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts'

test('the README holds the reference of the configuration as the program prints it', async () => {
  const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text()
  const [, between] = /<!-- config reference -->\n([^]*?)<!-- \/config reference -->/.exec(readme) ?? []
  expect(between?.trim()).toBe(configReference().trim())
})

test('the reference has a row for every key, with a meaning', () => {
  const defaults = Value.Default(ConfigSchema, {}) as Record<string, unknown>
  const rows = configReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.filter((row) => !/^\| `\w+` \| [^|]+ \| .* \| `LEVERET_[A-Z0-9_]+` \| [^|].*\S \|$/.test(row))).toEqual(
    [],
  )
  for (const [section, value] of Object.entries(defaults)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner === 'object' && !Array.isArray(inner)) continue
      expect(rows.some((row) => row.includes(`\`${variableName([section, key])}\``))).toBe(true)
    }
  }
})

test.each([
  ['500ms', 500],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
])('%s is %d milliseconds, and back', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
  expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds)
})

test.each(['', '5', 'm', '5 m', '-5m', '5M', '1.5h', '5mm', '1e3s', '0x5m'])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test.each([
  ['0B', 0],
  ['64KiB', 65_536],
  ['1MB', 1_000_000],
])('%s is %d bytes, and back', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
  expect(parseSize(formatSize(bytes))).toBe(bytes)
})
