/** Checks of text that a pattern cannot express, known to the schema by name. */
import { FormatRegistry } from '@sinclair/typebox'

FormatRegistry.Set('leveret:regex', isRegex)
FormatRegistry.Set('leveret:network', isNetwork)
FormatRegistry.Set('leveret:public-url', isPublicUrl)

function isRegex(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`, 'u') instanceof RegExp
  } catch {
    return false
  }
}

/** An IPv4 or IPv6 address, or a network in CIDR notation. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, rest] = text.split('/')
  if (rest !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  if (isIpv4(address)) return bits === undefined || Number(bits) <= 32
  return isIpv6(address) && (bits === undefined || Number(bits) <= 128)
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`)
}

function isPublicUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || /[?#\s]/.test(text) || text.endsWith('/') || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === '' && url.password === '' && (url.href === text || url.href === `${text}/`)
}

/** Whether a host name means this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '')
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name)
}
