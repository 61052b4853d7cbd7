/** Which browser on which system, as far as its own words can be believed. */

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

export function readUserAgent(text: string): {
  readonly browser: string | undefined
  readonly system: string | undefined
} {
  return { browser: firstIn(BROWSERS, text), system: firstIn(SYSTEMS, text) }
}

function firstIn(known: typeof BROWSERS, text: string): string | undefined {
  return known.find(([pattern]) => pattern.test(text))?.[1]
}
