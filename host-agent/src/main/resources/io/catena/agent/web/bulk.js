// The deletion of several disks and snapshots: the agent's plan first, then each by itself, with what came of it.
import { html, useState, useRef } from './vendor/preact-htm.js'
import { ask } from './api.js'
import { Dialog, told } from './dialogs.js'
import { bytes } from './format.js'

function Outcome({ disk, outcome }) {
  if (outcome) return html`<span class=${outcome.failure ? 'problem' : 'good'}>${outcome.failure || 'deleted'}</span>`
  if (!disk.blockers.length) return html`<span class="muted">goes</span>`
  return disk.blockers.map(reason => html`<span class="problem">${reason}</span>`)
}

// What cannot go comes first: it is what one has to know.
const inOrder = disks => [...disks].sort((a, b) => b.blockers.length - a.blockers.length || a.name.localeCompare(b.name, undefined, { numeric: true }))

export function DeletionDialog({ ask: { plan, tags, done }, close }) {
  const [typed, setTyped] = useState('')
  const [outcomes, setOutcomes] = useState({})
  const [phase, setPhase] = useState('asked')
  const stopped = useRef(false)
  const disks = inOrder(plan.disks)
  const going = disks.filter(disk => !disk.blockers.length)
  const ended = Object.values(outcomes)
  const failed = ended.filter(outcome => outcome.failure).length
  const go = async event => {
    event.preventDefault()
    if (phase !== 'asked' || typed !== plan.confirm) return
    setPhase('running')
    for (const disk of going) {
      if (stopped.current) break
      const failure = await ask('DELETE', '/v1/vdis/' + disk.vdi, undefined, { 'If-Match': tags.get(disk.vdi) }).then(() => '', told)
      setOutcomes(old => ({ ...old, [disk.vdi]: { failure } }))
    }
    setPhase('done')
    done()
  }
  const leave = () => phase !== 'running' && close()
  const stays = disks.length - going.length
  return html`<${Dialog} title=${disks.length === 1 ? 'Delete ' + (disks[0].name || disks[0].vdi) + '?' : 'Delete ' + disks.length + ' disks and snapshots?'} close=${leave} wide=${true}>
    <form onSubmit=${go}>
    <p>${going.length ? html`<b>${going.length}</b> would be deleted, and their content is lost. Gives back <b>${bytes(plan.freesAtOnceBytes)}</b> at once${plan.freesLaterBytes ? html`, then <b>${bytes(plan.freesLaterBytes)}</b> at least by merging` : ''}.` : 'None of them can go.'}
      ${stays > 0 && html` <span class="problem">${stays} of them ${stays === 1 ? 'stays' : 'stay'}.</span>`}</p>
    <div class="list" tabindex="0" role="region" aria-label="What is to be deleted"><table><thead><tr><th>Name</th><th>What comes of it</th><th class="num">Own data</th></tr></thead>
      <tbody>${disks.map(disk => html`<tr key=${disk.vdi} class="disk"><td title=${disk.vdi}>${disk.name || disk.vdi.slice(0, 8)} <small>${disk.snapshotOf ? 'snapshot' : 'disk'}</small></td>
        <td><${Outcome} disk=${disk} outcome=${outcomes[disk.vdi]} /></td><td class="num">${bytes(disk.ownBytes)}</td></tr>`)}</tbody></table></div>
    ${phase !== 'asked' && html`<progress max=${going.length} value=${ended.length} aria-label="Deleted so far"></progress>`}
    <p role="status" id="deleted" class="muted">${phase === 'asked' ? '' : ended.length - failed + ' of ' + going.length + ' deleted' + (failed ? ', ' + failed + ' refused' : '') + (phase === 'done' && ended.length < going.length ? '; the rest was left' : '')}</p>
    ${phase === 'asked' && plan.confirm && html`<label>Type <code class="confirm">${plan.confirm}</code> to confirm<input id="typed" autocomplete="off" value=${typed} onInput=${e => setTyped(e.target.value)} /></label>`}
    <div class="actions end">${phase === 'asked' && html`<button type="button" id="no" onClick=${close}>Keep</button>
        <button type="submit" id="yes" class="danger solid" disabled=${!plan.confirm || typed !== plan.confirm}>Delete</button>`}
      ${phase === 'running' && html`<button type="button" id="stop" onClick=${() => { stopped.current = true }}>Stop</button>`}
      ${phase === 'done' && html`<button type="button" id="close" class="solid" onClick=${close}>Close</button>`}</div>
    </form><//>`
}
