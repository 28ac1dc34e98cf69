// Dialogs. What loses content shows the agent's plan first, and wants the name to be typed.
import { html, useState, useEffect, useRef } from './vendor/preact-htm.js'
import { bytes } from './format.js'

// What is wrong, and what is to be done.
export const told = ({ message, correction }) => (correction ? message.replace(/[^.!?:]$/, '$&.') + ' ' + correction : message)

// To be closed, not only taken away, brings who works with the keyboard back to where it was asked for.
export function Dialog({ title, close, wide, children }) {
  const box = useRef()
  useEffect(() => {
    const dialog = box.current
    dialog.showModal()
    return () => dialog.close()
  }, [])
  return html`<dialog ref=${box} class=${wide ? 'wide' : ''} aria-labelledby="dialog-title" onCancel=${e => { e.preventDefault(); close() }}><h2 id="dialog-title">${title}</h2>${children}</dialog>`
}

export function PlanDialog({ ask, close }) {
  const [typed, setTyped] = useState('')
  const [failure, setFailure] = useState('')
  const [busy, setBusy] = useState(false)
  const { plan } = ask
  const blocked = plan.blockers.length > 0
  const ready = !blocked && !busy && (!plan.confirm || typed === plan.confirm)
  const go = async event => {
    event.preventDefault()
    if (!ready) return
    setBusy(true)
    try {
      await ask.go()
      close()
    } catch (e) {
      setFailure(told(e))
      setBusy(false)
    }
  }
  return html`<${Dialog} title=${ask.title} close=${close}>
    <form onSubmit=${go}>
    <ul>${plan.effects.map(effect => html`<li>${effect}</li>`)}</ul>
    ${(plan.bytesFreed > 0 || plan.bytesToMove > 0) && html`<p class="muted">Gives back about ${bytes(plan.bytesFreed)}${plan.bytesToMove ? ', after ' + bytes(plan.bytesToMove) + ' at most were merged' : ''}.</p>`}
    ${plan.blockers.map(b => html`<p class="problem">${b}</p>`)}
    ${plan.confirm && !blocked && html`<label>Type <code class="confirm">${plan.confirm}</code> to confirm<input id="typed" autocomplete="off" value=${typed} onInput=${e => setTyped(e.target.value)} /></label>`}
    ${failure && html`<p class="problem" role="alert">${failure}</p>`}
    <div class="actions end"><button type="button" id="no" onClick=${close}>Keep</button>
      <button type="submit" id="yes" class=${plan.losesContent ? 'danger solid' : 'solid'} disabled=${!ready}>${ask.verb}</button></div>
    </form><//>`
}

export function NameDialog({ ask, close }) {
  const [name, setName] = useState(ask.name)
  const [failure, setFailure] = useState('')
  const [busy, setBusy] = useState(false)
  const go = async event => {
    event.preventDefault()
    setBusy(true)
    try {
      await ask.go(name)
      close()
    } catch (e) {
      setFailure(told(e))
      setBusy(false)
    }
  }
  return html`<${Dialog} title=${ask.title} close=${close}><form onSubmit=${go}>
    <label>Name<input id="name" autocomplete="off" value=${name} onInput=${e => setName(e.target.value)} /></label>
    ${failure && html`<p class="problem" role="alert">${failure}</p>`}
    <div class="actions end"><button type="button" onClick=${close}>Cancel</button><button type="submit" id="yes" class="solid" disabled=${busy}>${ask.verb}</button></div></form><//>`
}

const MIB = 1 << 20

// When collection may work, and how fast. What is left empty has no limit.
export function LimitsDialog({ ask, close }) {
  const { settings } = ask
  const [rate, setRate] = useState(settings.bytesPerSecond ? String(settings.bytesPerSecond / MIB) : '')
  const [hours, setHours] = useState(settings.window || '')
  const [failure, setFailure] = useState('')
  const go = async event => {
    event.preventDefault()
    try {
      await ask.go({ bytesPerSecond: Math.round(Number(rate) * MIB), window: hours.trim() || 'always' })
      close()
    } catch (e) {
      setFailure(told(e))
    }
  }
  return html`<${Dialog} title="Limits of collection" close=${close}><form onSubmit=${go}>
    <label>At most, MiB a second<input id="rate" type="number" min="0" max="100000" step="any" placeholder="no limit" value=${rate} onInput=${e => setRate(e.target.value)} /></label>
    <label>Only between these times, UTC<input id="hours" autocomplete="off" placeholder="22:00-06:00; empty for any time" value=${hours} onInput=${e => setHours(e.target.value)} /></label>
    ${failure && html`<p class="problem" role="alert">${failure}</p>`}
    <div class="actions end"><button type="button" onClick=${close}>Cancel</button><button type="submit" id="yes" class="solid">Set</button></div></form><//>`
}

export function Login({ done, reason }) {
  const [token, setToken] = useState('')
  const [failure, setFailure] = useState(reason)
  const go = async event => {
    event.preventDefault()
    const answer = await fetch('/v1/session', { method: 'POST', body: JSON.stringify({ token }) })
    if (answer.ok) done()
    else setFailure((await answer.json()).detail)
  }
  return html`<main class="login"><form class="card" onSubmit=${go}><img src="icon.svg" width="48" height="48" alt="" /><h1>Catena</h1>
    <label>Token<input id="token" type="password" autocomplete="off" autofocus value=${token} onInput=${e => setToken(e.target.value)} /></label>
    ${failure && html`<p class="problem" role="alert">${failure}</p>`}
    <button id="login" type="submit" class="solid" disabled=${!token}>Log in</button>
    <small class="muted">Make one on the host: <code>catena token create --role viewer</code></small></form></main>`
}
