/** What `leveret plugin new` writes; part of the executable, so that it takes no network. */
import declarations from '../../plugins/templates/leveret-plugin.d.ts.txt' with { type: 'text' }
import loginKit from '../../plugins/templates/login-ts/kit.json.txt' with { type: 'text' }
import loginPythonMain from '../../plugins/templates/login-python/main.py.txt' with { type: 'text' }
import loginPythonManifest from '../../plugins/templates/login-python/plugin.json.txt' with { type: 'text' }
import loginPythonReadme from '../../plugins/templates/login-python/README.md.txt' with { type: 'text' }
import loginMain from '../../plugins/templates/login-ts/main.ts.txt' with { type: 'text' }
import loginManifest from '../../plugins/templates/login-ts/plugin.json.txt' with { type: 'text' }
import loginReadme from '../../plugins/templates/login-ts/README.md.txt' with { type: 'text' }
import storageJournal from '../../plugins/templates/storage-ts/journal.ts.txt' with { type: 'text' }
import storageKit from '../../plugins/templates/storage-ts/kit.json.txt' with { type: 'text' }
import storageMain from '../../plugins/templates/storage-ts/main.ts.txt' with { type: 'text' }
import storageManifest from '../../plugins/templates/storage-ts/plugin.json.txt' with { type: 'text' }
import storagePythonMain from '../../plugins/templates/storage-python/main.py.txt' with { type: 'text' }
import storagePythonManifest from '../../plugins/templates/storage-python/plugin.json.txt' with { type: 'text' }
import storagePythonReadme from '../../plugins/templates/storage-python/README.md.txt' with { type: 'text' }
import storageReadme from '../../plugins/templates/storage-ts/README.md.txt' with { type: 'text' }
import storageTables from '../../plugins/templates/storage-ts/tables.ts.txt' with { type: 'text' }

export interface TemplateFile {
  readonly text: string
  readonly mode: number
}

const TYPES = { 'leveret-plugin.d.ts': declarations }
const TEMPLATES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'login ts': {
    'plugin.json': loginManifest,
    'main.ts': loginMain,
    'kit.json': loginKit,
    'README.md': loginReadme,
    ...TYPES,
  },
  'login python': {
    'plugin.json': loginPythonManifest,
    'main.py': loginPythonMain,
    'kit.json': loginKit,
    'README.md': loginPythonReadme,
  },
  'storage ts': {
    'plugin.json': storageManifest,
    'main.ts': storageMain.replace("type: 'journal'", "type: 'NAME'"),
    'journal.ts': storageJournal,
    'tables.ts': storageTables,
    'kit.json': storageKit,
    'README.md': storageReadme,
    ...TYPES,
  },
  'storage python': {
    'plugin.json': storagePythonManifest,
    'main.py': storagePythonMain,
    'kit.json': storageKit,
    'README.md': storagePythonReadme,
  },
}

/** The files of a new plugin, by name, or `undefined` if there is no template for this kind in this language. */
export function templateOf(
  name: string,
  { kind, lang }: { readonly kind: string; readonly lang: string },
): ReadonlyMap<string, TemplateFile> | undefined {
  const template = TEMPLATES[`${kind} ${lang}`]
  if (!template) return undefined
  return new Map(
    Object.entries(template).map(([file, text]) => [
      file,
      { text: text.replaceAll('NAME', name), mode: text.startsWith('#!') ? 0o755 : 0o644 },
    ]),
  )
}
