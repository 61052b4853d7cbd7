/** Subcommands that the server starts itself with. No word to anybody else, hence not among the commands. */

const HIDDEN: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  'plugin-probe': async (argv) => (await import('./probe.ts')).probeMain(argv),
  'plugin-sandbox': async (argv) => (await import('./sandbox/launcher.ts')).launcherMain(argv),
  'plugin-host': async (argv) => (await import('./process/hosted.ts')).hostedMain(argv),
}

/** Runs a hidden subcommand; false if the words are none. */
export async function runHidden([name = '', ...argv]: readonly string[]): Promise<boolean> {
  const run = Object.hasOwn(HIDDEN, name) ? HIDDEN[name] : undefined
  await run?.(argv)
  return run !== undefined
}
