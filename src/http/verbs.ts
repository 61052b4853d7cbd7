/** Verbs on a resource (`/users/{id}:unlock`): the router knows whole segments only, so the verb is split off here. */
import type { Endpoint } from './endpoint.ts'
import type { Serve } from './pipeline.ts'

interface Routed {
  readonly method: Endpoint['method']
  readonly path: string
  readonly serve: Serve
}

const VERB = /^(.*\/:([A-Za-z]+)):([a-z-]+)$/

/** What the router is given: endpoints with a verb share the route of their resource and method. */
export function joinVerbs(
  endpoints: readonly Endpoint[],
  serveBy: (endpoint: Endpoint) => Serve,
  otherwise: (request: Request) => Response,
): readonly Routed[] {
  const plain: Routed[] = []
  const verbs = new Map<string, { method: Endpoint['method']; path: string; name: string; by: Map<string, Serve> }>()
  for (const endpoint of endpoints) {
    const { method, path } = endpoint
    const [, resource, name = '', verb = ''] = VERB.exec(path) ?? []
    if (resource === undefined) {
      plain.push({ method, path, serve: serveBy(endpoint) })
      continue
    }
    const key = `${method} ${resource}`
    const joined = verbs.get(key) ?? { method, path: resource, name, by: new Map<string, Serve>() }
    verbs.set(key, joined)
    joined.by.set(verb, serveBy(endpoint))
  }
  const split = [...verbs.values()].map(({ method, path, name, by }) => ({
    method,
    path,
    serve: splitting(name, by, otherwise),
  }))
  return [...plain, ...split]
}

/** At the last colon: names may hold one themselves. */
function splitting(name: string, by: ReadonlyMap<string, Serve>, otherwise: (request: Request) => Response): Serve {
  return async (request, params) => {
    const value: string | null = params[name] ?? null
    const at = value?.lastIndexOf(':') ?? -1
    const serve = value === null ? undefined : by.get(value.slice(at + 1))
    if (value === null || at < 0 || !serve) return otherwise(request)
    return serve(request, { ...params, [name]: value.slice(0, at) })
  }
}
