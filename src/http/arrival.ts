/** What the gate knows of a request before it is routed, handed to the routes beside the request itself. */
import type { Endpoint } from './endpoint.ts'

export interface Arrival {
  readonly requestId: string
  /** The client's address, trusted proxies taken into account; absent on a local socket. */
  readonly ip: string | undefined
  /** Came over the control socket: the operator of this machine, no credentials needed. */
  readonly operator: boolean
  /** Subject of the client certificate that a trusted proxy verified. */
  readonly certificateSubject?: string
  /** Filled in on the way, for the log line and the metrics. */
  endpoint?: Endpoint
  actor?: string
  /** Which scheme a 401 asks for; Bearer unless told. */
  challenge?: 'Negotiate'
}

const arrivals = new WeakMap<Request, Arrival>()

export function announce(request: Request, arrival: Arrival): void {
  arrivals.set(request, arrival)
}

export function arrivalOf(request: Request): Arrival {
  const arrival = arrivals.get(request)
  if (!arrival) throw new Error('Cannot serve a request that did not come through the gate')
  return arrival
}
