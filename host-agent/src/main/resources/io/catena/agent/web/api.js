// Asks the agent. Every failure is an Error with what the agent says is to be done.
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || 'HTTP ' + status)
    this.status = status
    this.code = problem.code
    this.correction = problem.correction
    this.field = problem.field
    this.retryable = problem.retryable
  }
}

export async function ask(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { 'X-Catena': '1', ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
    body: body ? JSON.stringify(body) : undefined,
  })
  const text = await answer.text()
  let value = null
  try {
    value = text ? JSON.parse(text) : null
  } catch {
    value = { detail: text.slice(0, 200) }
  }
  if (!answer.ok) throw new Problem(answer.status, value || {})
  return { value, tag: answer.headers.get('ETag') }
}

const MOST_TRIES = 20

// Asks again what the agent could not tell in time: what it has read of the files meanwhile it remembers.
export async function patiently(question) {
  for (let tries = 1; ; tries++) {
    try {
      return await question()
    } catch (e) {
      if (!e.retryable || tries === MOST_TRIES) throw e
    }
    await new Promise(later => setTimeout(later, 500))
  }
}

export const get = async path => (await ask('GET', path)).value

// All pages of a list.
export async function list(path, limit = 1000) {
  const items = []
  let next = ''
  do {
    const join = path.includes('?') ? '&' : '?'
    const page = await get(path + join + 'limit=' + limit + (next && '&cursor=' + next))
    items.push(...page.items)
    next = page.next
  } while (next)
  return items
}

const KINDS = [
  'sr.created', 'sr.attached', 'sr.changed', 'sr.detached', 'sr.deleted', 'sr.problem', 'sr.problem.ended',
  'vdi.created', 'vdi.deleted', 'vdi.changed', 'vdi.data-destroyed', 'vdi.resized', 'vdi.reverted', 'vdi.composed',
  'vdi.reset', 'vdi.attached', 'vdi.activated', 'vdi.deactivated', 'vdi.detached', 'snapshot.created', 'job.started',
  'job.progress', 'job.step', 'job.done', 'job.failed', 'job.cancelled', 'health.changed', 'schedule.run',
  'schedule.skipped', 'schedule.failed', 'schedule.missed', 'schedule.created', 'schedule.changed', 'schedule.deleted',
  'clock.jumped',
]

// Follows events until the returned function is called. The browser comes back by itself, with the id it has.
export function follow(told, lost, connected) {
  const source = new EventSource('/v1/events')
  for (const kind of KINDS) source.addEventListener(kind, message => told(JSON.parse(message.data)))
  source.addEventListener('reset', lost)
  source.onopen = () => connected(true)
  source.onerror = () => connected(false)
  return () => source.close()
}
