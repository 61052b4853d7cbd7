/** Durations as people write them in options, in the seconds of the REST API. */
import { parseDuration } from '../config/units.ts'
import { UsageError } from './command.ts'

export function secondsOf(option: string, duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined
  const milliseconds = parseDuration(duration)
  if (milliseconds === undefined || milliseconds < 1000)
    throw new UsageError(`--${option} must be a duration such as 5m or 1h, not "${duration}"`)
  return Math.floor(milliseconds / 1000)
}
