/** Makes the keys of a client for the suite: `bun test/certification/keys.ts NAME ALG` writes NAME.{private,public}.json here. */
import { exportJWK, generateKeyPair } from 'jose'

export async function makeKeys(name: string, alg: string, folder = '.'): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  for (const [half, key] of Object.entries({ private: privateKey, public: publicKey })) {
    const keys = [{ ...(await exportJWK(key)), kid: name, use: 'sig', alg }]
    await Bun.write(`${folder}/${name}.${half}.json`, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 })
  }
}

if (import.meta.main) {
  const [name, alg = 'ES256'] = Bun.argv.slice(2)
  if (name === undefined) throw new Error('Usage: bun test/certification/keys.ts NAME [ES256|PS256|EdDSA]')
  await makeKeys(name, alg)
}
