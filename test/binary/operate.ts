/** An executable that is set up, and requests to it. */
import { expect } from 'bun:test'
import { join } from 'node:path'
import { runExecutable, serveExecutable, type Start } from '../harness/executable.ts'

export const PASSWORD = 'correct horse battery staple'

export type Send = (method: string, path: string, token?: string, json?: object) => Promise<Answer>
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export function sender(url: string): Send {
  return async (method, path, token, json) => {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json && { 'content-type': 'application/json' }),
    }
    const answer = await fetch(url + path, { method, headers, ...(json && { body: JSON.stringify(json) }) })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
  }
}

/**
 * An administrator with a token that outlives every round, hashes that cost little, room for many logins of one name. A
 * login that the kill cuts off stays counted as an attempt: hence many free ones.
 */
export async function setUp(start: Start): Promise<string> {
  const init = await runExecutable(start, 'init', '--port', '0', '--json')
  expect(init).toMatchObject({ code: 0 })
  const file = join(start.folder, 'leveret.toml')
  const text = await Bun.file(file).text()
  await Bun.write(
    file,
    text
      .replace('type = "local"', 'type = "local"\nmemoryKib = 8192\niterations = 1')
      .replace('[session]', '[throttle]\nfreeAttempts = 1000\n\n[session]\nmaxIdentityTokens = 1000'),
  )
  const { administrator } = JSON.parse(init.out) as { administrator: { username: string; password: string } }
  await using server = await serveExecutable(start)
  const send = sender(server.url)
  const token = await logIn(send, administrator)
  const worker = { username: 'worker', password: PASSWORD }
  expect(await send('POST', '/users', token, worker)).toMatchObject({ status: 201 })
  const rule = { subjectKind: 'user', subject: 'worker', vhost: 'prod', read: ['*'] }
  expect(await send('POST', '/rabbitmq/rules', token, rule)).toMatchObject({ status: 201 })
  return token
}

export async function logIn(
  send: Send,
  who: { readonly username: string; readonly password: string },
): Promise<string> {
  const { status, body } = await send('POST', '/auth/session/login', undefined, who)
  expect({ status, body }).toMatchObject({ status: 200 })
  return String(body['id_token'])
}
