import { type Endpoint, endpoint } from '../endpoint.ts'
import type { Counts, Metrics } from '../metrics.ts'
import type { Readiness } from './health.ts'

/** `/metrics` for Prometheus; on a listener of its own if one is configured. */
export function metricsRoutes(
  metrics: Metrics,
  readiness: Readiness,
  together?: () => Promise<Counts>,
): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'Prometheus metrics',
      quiet: true,
      handle: async () =>
        new Response(metrics.render(await readiness(), await together?.()), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        }),
    }),
  ]
}
