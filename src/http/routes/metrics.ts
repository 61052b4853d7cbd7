import { type Endpoint, endpoint } from '../endpoint.ts'
import type { Metrics } from '../metrics.ts'
import type { Readiness } from './health.ts'

/** `/metrics` for Prometheus; on a listener of its own if one is configured. */
export function metricsRoutes(metrics: Metrics, readiness: Readiness): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'Prometheus metrics',
      quiet: true,
      handle: async () =>
        new Response(metrics.render(await readiness()), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        }),
    }),
  ]
}
