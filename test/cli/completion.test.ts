import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { root } from '../../src/cli/commands.ts'
import { completionScript } from '../../src/cli/completion.ts'
import { workplace } from '../harness/command-line.ts'

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const list = ['leveret', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${completionScript(root, 'bash')}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _leveret; printf '%s\\n' "\${COMPREPLY[@]}"`
  const shell = Bun.spawn(['bash', '--norc', '-c', script], { cwd: '/', stdout: 'pipe', stderr: 'pipe' })
  expect(await new Response(shell.stderr).text()).toBe('')
  return (await new Response(shell.stdout).text()).split('\n').filter((line) => line !== '')
}

describe('bash completes', () => {
  test('commands', async () => {
    expect(await offered('se')).toEqual(['serve'])
    expect(await offered('')).toContain('token')
  })
  test('commands of a group', async () => {
    expect(await offered('user', 'set')).toEqual(['set-password'])
    expect((await offered('key', '')).slice(0, 3)).toEqual(['list', 'rotate', 'retire'])
  })
  test('options of a command, also after arguments', async () => {
    expect(await offered('broker', 'add', 'prod', '--tok')).toEqual(['--token-ttl'])
    expect(await offered('user', 'list', '--')).toEqual(['--prefix', '--config', '--json', '--help'])
  })
  test('the values of an option that knows them', async () => {
    expect(await offered('key', 'rotate', '--algorithm', 'R')).toEqual(['RS256'])
    expect(await offered('user', 'update', 'alice', '--unset-claim', 'zone')).toEqual(['zoneinfo'])
    expect(await offered('rule', 'add', '--preset', '')).toEqual(['producer', 'consumer', 'owner', 'monitoring'])
  })
  test('words of an argument that knows them', async () => {
    expect(await offered('completion', 'z')).toEqual(['zsh'])
  })
})

test.each(['bash', 'zsh', 'fish'] as const)('the script for %s knows every command and option', (shell) => {
  const script = completionScript(root, shell)
  for (const word of ['set-password', 'explain', 'watch', 'broker-version', 'identity-token-file']) {
    expect(script).toContain(word)
  }
})

test.each(['bash', 'zsh', 'fish'] as const)('the script for %s is one that the shell can read', async (shell) => {
  if (Bun.which(shell) === null) {
    console.log(`${shell} is not installed: its script is not parsed here`)
    expect(completionScript(root, shell)).toContain('leveret')
    return
  }
  await using place = await workplace()
  const file = join(place.folder, 'script')
  await Bun.write(file, (await place.run(['completion', shell])).out)
  const parsed = Bun.spawn([shell, '-n', file], { stderr: 'pipe' })
  expect(await new Response(parsed.stderr).text()).toBe('')
  expect(await parsed.exited).toBe(0)
})
