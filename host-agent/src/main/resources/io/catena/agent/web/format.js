// How numbers and times are written.
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytes(n) {
  let unit = 0
  let value = Number(n) || 0
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return value.toFixed(unit && value < 100 ? 1 : 0) + ' ' + UNITS[unit]
}

// What the agent says of why and with what result, with its numbers of bytes in units.
export const inUnits = text => String(text ?? '')
  .replace(/\b(\d+) bytes\b/g, (all, n) => bytes(n))
  .replace(/\bmove (\d+) and need (\d+)/g, (all, moved, needed) => 'move ' + bytes(moved) + ' and need ' + bytes(needed))
  .replace(/\b\d+(?= (?:shared|are free|more are needed)\b)/g, bytes)

// Files by the beginning of their names, without what all of them have.
export const short = text => text.replace(/([0-9a-f]{8})-[0-9a-f-]{27}(\.vhd)?/g, '$1')

export const percent = (part, whole) => (whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : 0)

export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000)
  if (seconds < 60) return Math.floor(seconds) + ' s ago'
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago'
  if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ago'
  return Math.floor(seconds / 86400) + ' d ago'
}

export const clock = time => new Date(time).toLocaleTimeString([], { hour12: false })

// Today's with seconds, others with their day.
export function stamp(time) {
  const at = new Date(time)
  if (at.toDateString() === new Date().toDateString()) return clock(time)
  return at.toLocaleDateString([], { month: 'short', day: 'numeric' }) + ' ' + at.toLocaleTimeString([], { hour12: false, hour: '2-digit', minute: '2-digit' })
}

// In a time zone, or in the reader's own if the browser does not know it.
export function when(time, timeZone) {
  if (!time) return ''
  const how = { dateStyle: 'medium', timeStyle: 'short' }
  try {
    return new Date(time).toLocaleString([], { ...how, timeZone })
  } catch {
    return new Date(time).toLocaleString([], how)
  }
}

export const duration = micros => (micros < 1000 ? micros + ' µs' : micros < 1e6 ? (micros / 1000).toFixed(1) + ' ms' : (micros / 1e6).toFixed(1) + ' s')

// How long until a file system is full; nothing if that is far off or not known.
export const fills = space => (space && space.daysUntilFull < 90 ? 'full in ' + soon(space.daysUntilFull) : '')

export const soon = days => (days < 1 ? 'less than a day' : days > 3650 ? 'more than ten years' : plural(Math.floor(days), 'day'))

export const plural = (n, word) => n + ' ' + word + (n === 1 ? '' : 's')
