/** RFC 9700 section 4.15: brokers show people and clients by their names, so one name is never both. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const CLIENT = { name: 'Shop', redirectUris: ['https://shop.example/callback'] }
const post = (path: string, json: object) => server.asOperator(path, { method: 'POST', json })
const there = async (path: string) => (await server.asOperator(path)).status === 200
const both = async (name: string) => [await there(`/users/${name}`), await there(`/clients/${name}`)]

test('a user and a client that get one name at the same time: one of them is refused', async () => {
  for (let round = 0; round < 20; round++) {
    const name = `both-${round}`
    const user = () => post('/users', { username: name })
    const client = () => post('/clients', { id: name, ...CLIENT })
    const answers = await Promise.all(round % 2 === 0 ? [user(), client()] : [client(), user()])
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect((await both(name)).filter(Boolean)).toHaveLength(1)
  }
})

test('nor does a user who gets another name at that time', async () => {
  for (let round = 0; round < 20; round++) {
    const name = `renamed-${round}`
    const { id } = await server.instance.core.users.create({ username: `before-${round}` }, OPERATOR)
    const rename = server.asOperator(`/users/${id}`, { method: 'PATCH', json: { username: name } })
    await Promise.all([rename, post('/clients', { id: name, ...CLIENT })])
    expect((await both(name)).filter(Boolean)).toHaveLength(1)
  }
})

test('a name is free again once the other one is gone', async () => {
  expect((await post('/clients', { id: 'free', ...CLIENT })).status).toBe(201)
  expect((await post('/users', { username: 'free' })).status).toBe(409)
  await server.asOperator('/clients/free', { method: 'DELETE' })
  expect((await post('/users', { username: 'free' })).status).toBe(201)
  expect((await post('/clients', { id: 'free', ...CLIENT })).status).toBe(400)
})
