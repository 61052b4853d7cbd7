/** Everything that listens: the API, the control socket and, if they have one of their own, the metrics. */
import type { Core } from '../core/core.ts'
import type { Logger } from '../plugin/index.ts'
import type { BrokerAccess } from './access.ts'
import { type AppOptions, createApp, mount } from './app.ts'
import { createAuthorise } from './access.ts'
import { addressList } from './client-address.ts'
import type { Endpoint } from './endpoint.ts'
import { createGate } from './gate.ts'
import { type Certificate, type Listener, listenTcp, listenUnix, type TcpListener } from './listen.ts'
import { type BuildInfo, type Counts, createMetrics, type Metrics, type PluginRefusals } from './metrics.ts'
import { pipeline } from './pipeline.ts'
import type { Control } from './routes/control.ts'
import { healthRoutes, type Readiness, seldom } from './routes/health.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { createShowPage } from './show-page.ts'

/** Applies at the next request. */
export interface LiveOptions {
  readonly trustedProxies: readonly string[]
  readonly brokerAccess: BrokerAccess
  readonly limits: { readonly body: number; readonly idle: number; readonly shutdown: number }
}
/** Fixed while the process runs. */
export interface FrontOptions {
  readonly publicUrl: URL
  readonly build: BuildInfo
  readonly listen: {
    readonly tcp: boolean
    readonly host: string
    readonly port: number
    readonly unix?: string
    readonly reusePort: boolean
  }
  /** Further processes of this server share the port. */
  readonly sharesPort: boolean
  readonly metrics: { readonly enabled: boolean; readonly host: string; readonly port?: number }
  readonly controlSocket?: string
  readonly log: Logger
  readonly live: () => LiveOptions
  /** Reads the certificate files; absent without TLS. */
  readonly certificate?: () => Promise<Certificate>
  readonly readiness: Readiness
  /** What the processes of this server counted together, if there are several. */
  readonly together: (() => Promise<Counts>) | undefined
  readonly refusals: () => Iterable<PluginRefusals>
  readonly control: Control
  readonly pages: AppOptions['pages']
}

export interface Front {
  readonly metrics: Metrics
  /** The API as the operator, without a socket. */
  control(request: Request): Promise<Response>
  /** Every endpoint there is, the operator's included: for what has to hold for all of them. */
  endpoints(): readonly Endpoint[]
  listen(): Promise<readonly string[]>
  /** Reads the certificate files again; what they hold is used for new connections. Throws and changes nothing on a fault. */
  renewCertificate(): Promise<void>
  stop(): Promise<void>
}

export function createFront(core: Core, options: FrontOptions): Front {
  const { log, live } = options
  const metrics = createMetrics(options.build, core.world.now(), options.refusals)
  let urls: readonly string[] = []
  const gates = createGates(core, options, { metrics, urls: () => urls })
  const listeners: Listener[] = []
  let main: TcpListener | undefined
  let served: Certificate | undefined

  async function bindMain(): Promise<string[]> {
    const { listen, certificate, sharesPort } = options
    if (!listen.tcp) return []
    served = await certificate?.()
    const tls = served && { tls: served }
    main = listenTcp({ ...listen, ...tls, sharesPort, gate: gates.public(), log, ...sizes(live()) })
    listeners.push(main)
    return [main.url]
  }

  async function bindUnix(path: string, operator: boolean): Promise<string[]> {
    const gate = operator ? gates.control() : gates.public()
    const listener = await listenUnix({ path, operator, gate, log, ...sizes(live()) })
    listeners.push(listener)
    return operator ? [] : [listener.url]
  }

  function bindMetrics(): void {
    const { enabled, host, port } = options.metrics
    if (!enabled || port === undefined) return
    listeners.push(
      listenTcp({ host, port, reusePort: false, sharesPort: false, gate: gates.metrics(), log, ...sizes(live()) }),
    )
  }

  return {
    metrics,
    control: (request) => gates.control()(request, { address: undefined, operator: true, inProcess: true }),
    endpoints: () => gates.operatorApp().endpoints,
    async listen() {
      const bound = await bindMain()
      if (options.listen.unix !== undefined) bound.push(...(await bindUnix(options.listen.unix, false)))
      bindMetrics()
      if (options.controlSocket !== undefined) await bindUnix(options.controlSocket, true)
      return (urls = bound)
    },
    async renewCertificate() {
      const renewed = await options.certificate?.()
      if (!renewed || !main || (renewed.cert === served?.cert && renewed.key === served.key)) return
      await main.swap(renewed)
      served = renewed
    },
    async stop() {
      const { shutdown } = live().limits
      await Promise.all(listeners.splice(0).map((listener) => listener.stop(shutdown)))
    },
  }
}

/** One gate each for the public, the operator and the scraper of metrics; made when first needed. */
function createGates(
  core: Core,
  options: FrontOptions,
  { metrics, urls }: { readonly metrics: Metrics; readonly urls: () => readonly string[] },
) {
  const { live, log, publicUrl, build, control, pages, together } = options
  const readiness = seldom(options.readiness, core.world)
  const isTrustedProxy = derived(() => live().trustedProxies, addressList)
  const bodyLimit = () => live().limits.body
  const brokerAccess = () => live().brokerAccess
  const certificateHeader = () => core.settings().oauth.clientCertificateHeader
  const https = publicUrl.protocol === 'https:'
  const gateOptions = { log, metrics, https, bodyLimit, isTrustedProxy, certificateHeader }
  const appOptions = { publicUrl, version: build.version, log, bodyLimit, readiness, together, brokerAccess, pages }
  const shared = options.metrics.enabled && options.metrics.port === undefined ? metrics : undefined
  const scraped = [...metricsRoutes(metrics, readiness, together), ...healthRoutes(readiness)]
  const steps = {
    authorise: createAuthorise(core, brokerAccess),
    publicOrigin: publicUrl.origin,
    bodyLimit,
    corsOrigins: () => core.settings().oauth.corsOrigins,
    log,
    showPage: createShowPage(pages),
  }
  const operatorApp = once(() => createApp(core, { ...appOptions, metrics, control: { by: control, urls } }))
  return {
    operatorApp,
    public: once(() => createGate(createApp(core, { ...appOptions, metrics: shared }).fetch, gateOptions)),
    control: once(() => createGate(operatorApp().fetch, gateOptions)),
    metrics: once(() =>
      createGate(
        mount(scraped, '', (each) => pipeline(each, steps)),
        gateOptions,
      ),
    ),
  }
}

function sizes({ limits }: LiveOptions) {
  return { idle: limits.idle, bodyLimit: limits.body }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** What follows from a setting, worked out anew only when the setting is another one. */
function derived<S, T>(setting: () => S, make: (setting: S) => T): () => T {
  let known: { readonly from: S; readonly made: T } | undefined
  return () => {
    const from = setting()
    if (known?.from !== from) known = { from, made: make(from) }
    return known.made
  }
}
