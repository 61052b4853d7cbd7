/** Where a login of ours may lead: a page of this server and nothing else. */

/** The path as it was given, or `otherwise` for anything that a browser could take for another host. */
export function localPath(given: string | null, otherwise: string): string {
  const local = given !== null && /^\/(?![/\\])[\x21-\x5B\x5D-\x7E]*$/.test(given) && given.length <= 1_000
  return local ? given : otherwise
}
