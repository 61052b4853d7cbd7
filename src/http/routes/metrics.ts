import { type Endpoint, endpoint } from '../endpoint.ts'
import type { Metrics } from '../metrics.ts'

/** `/metrics` for Prometheus; on a listener of its own if one is configured. */
export function metricsRoutes(metrics: Metrics): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/metrics',
      access: 'public',
      summary: 'Prometheus metrics',
      quiet: true,
      handle: () =>
        new Response(metrics.render(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } }),
    }),
  ]
}
