/** The HTTP API that the example `directory-api` asks. */

export interface DirectoryPerson {
  readonly id: string
  readonly login: string
  readonly password: string
  readonly mail?: string
  readonly teams: readonly string[]
  readonly active: boolean
}

export interface DirectoryApi extends AsyncDisposable {
  readonly url: string
  readonly key: string
  readonly people: Map<string, DirectoryPerson>
  /** How often it was asked. */
  asked(): number
  /** How it answers from now on. */
  behave(how: 'well' | 'broken' | 'silent' | 'nonsense'): void
}

export function startDirectoryApi(people: readonly DirectoryPerson[]): DirectoryApi {
  const known = new Map(people.map((person) => [person.login, person]))
  const key = 'open-the-directory'
  let behaviour = 'well'
  let asked = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      asked++
      if (behaviour === 'broken') return new Response('out of order', { status: 503 })
      if (behaviour === 'nonsense') return Response.json({ hello: 'world' })
      if (behaviour === 'silent') return new Promise<Response>(() => undefined)
      if (request.headers.get('authorization') !== `Bearer ${key}`) return new Response('who are you', { status: 403 })
      const { pathname } = new URL(request.url)
      if (pathname === '/check') {
        const { login, password } = (await request.json()) as { login: string; password: string }
        const person = known.get(login)
        return person?.password === password ? Response.json(shown(person)) : new Response('no', { status: 401 })
      }
      const [, id] = /^\/people\/([^/]+)$/.exec(pathname) ?? []
      const person = known.values().find((each) => each.id === decodeURIComponent(id ?? ''))
      return person ? Response.json(shown(person)) : new Response('no', { status: 404 })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    key,
    people: known,
    asked: () => asked,
    behave: (how) => void (behaviour = how),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

function shown({ id, login, mail, teams, active }: DirectoryPerson) {
  return { id, login, mail, teams, active }
}
