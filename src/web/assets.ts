/** The files that pages refer to, embedded in the executable and named by their content. */
import formPost from './assets/form-post.client.js' with { type: 'text' }
import logo from './assets/logo.svg' with { type: 'text' }
import passkey from './assets/passkey.client.js' with { type: 'text' }
import style from './assets/style.css' with { type: 'text' }
import api from './assets/api.css' with { type: 'text' }
import type { Asset } from './view.ts'

const BUILT_IN = {
  'style.css': style,
  'api.css': api,
  'logo.svg': logo,
  'passkey.js': passkey,
  'form-post.js': formPost,
} as const
export type AssetName = keyof typeof BUILT_IN

export interface Assets {
  /** Address of a file. */
  readonly url: (name: string) => string
  /** The same by the name without its ending, for templates. */
  readonly named: Readonly<Record<string, string>>
  readonly find: (file: string) => Asset | undefined
}

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  woff2: 'font/woff2',
}

/** The built-in files and those of the operator, which win; `base` is the path of the public URL. */
export function createAssets(base: string, own: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): Assets {
  const files = new Map<string, Asset>()
  const urls = new Map<string, string>()
  for (const [name, body] of Object.entries<string | Uint8Array<ArrayBuffer>>({ ...BUILT_IN, ...own })) {
    const [stem = '', extension = ''] = name.split('.')
    const digest = new Bun.CryptoHasher('sha256').update(body).digest('hex').slice(0, 16)
    const file = `${stem}-${digest}.${extension}`
    const type = TYPES[extension] ?? 'application/octet-stream'
    files.set(file, { body, type, lasting: true })
    files.set(name, { body, type, lasting: false })
    urls.set(name, `${base}/assets/${file}`)
  }
  return {
    url(name) {
      const url = urls.get(name)
      if (url === undefined) throw new Error(`Cannot draw a page: there is no file ${name}`)
      return url
    },
    named: Object.fromEntries([...urls].map(([name, url]) => [name.split('.')[0], url])),
    find: (file) => files.get(file),
  }
}
