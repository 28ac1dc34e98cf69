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

export const percent = (part, whole) => (whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : 0)

export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000)
  if (seconds < 60) return Math.floor(seconds) + ' s ago'
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago'
  if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ago'
  return Math.floor(seconds / 86400) + ' d ago'
}

export const clock = time => new Date(time).toLocaleTimeString([], { hour12: false })

export const plural = (n, word) => n + ' ' + word + (n === 1 ? '' : 's')
