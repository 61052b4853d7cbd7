import { expect, test } from 'bun:test'
import { join } from 'node:path'

test('lines that several processes log to one pipe stay whole', async () => {
  const writer = `"${process.execPath}" "${join(import.meta.dir, 'log-writer.ts')}"`
  const all = ['a', 'b', 'c'].map((letter) => `${writer} ${letter} &`).join(' ')
  const shell = Bun.spawn(['sh', '-c', `${all} wait`], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const lines = (await new Response(shell.stderr).text()).trimEnd().split('\n')
  expect(lines).toHaveLength(30_000)
  expect(lines.filter((line) => !/^\{"text":"([abc])\1{299}"\}$/.test(line))).toEqual([])
}, 30_000)
