// What stands beside the chains: one node, jobs, collection, attachments, events, space.
import { html, useState, useEffect, useRef } from './vendor/preact-htm.js'
import { ago, bytes, clock, duration, fills, inUnits, percent, plural, short, soon, stamp } from './format.js'
import { get } from './api.js'

export function Health({ stat }) {
  const reasons = stat.health.reasons
  if (!reasons.length) return null
  return html`<section class="card warn" role="status" aria-label="Health"><h2>Needs care</h2>
    <ul class="reasons">${reasons.map(r => html`<li><b>${inUnits(r.what)}</b><span>${r.cure}</span></li>`)}</ul></section>`
}

export function Numbers({ stat, gc, active, space }) {
  const used = stat.capacityBytes - stat.freeBytes
  const debt = gc ? gc.plan.reduce((sum, step) => sum + step.bytesToMove, 0) : 0
  const freed = gc ? gc.plan.reduce((sum, step) => sum + step.bytesFreed, 0) : 0
  const full = percent(used, stat.capacityBytes)
  return html`<section class="numbers" aria-label="Numbers">
    <div class="card tile wide"><span>File system</span><b>${bytes(stat.freeBytes)} free</b>
      <div class="meter" role="img" aria-label=${Math.round(full) + ' percent of the file system are used'}>
        <i class=${full > 95 ? 'bad' : full > 85 ? 'high' : ''} style=${'width:' + full + '%'}></i></div>
      <small>${bytes(used)} of ${bytes(stat.capacityBytes)} used, ${bytes(stat.physicalBytes)} by this SR${fills(space) && html`, <b class="high">${fills(space)}</b>`}</small></div>
    <div class="card tile"><span>Disks and snapshots</span><b>${stat.vdis}</b><small>${active} active, ${plural(stat.nodes, 'file')}</small></div>
    <div class="card tile"><span>Promised</span><b>${bytes(stat.virtualBytes)}</b><small>${share(stat.virtualBytes, stat.capacityBytes)}</small></div>
    <div class="card tile"><span>Longest chain</span><b class=${stat.maxChainDepth >= stat.chainWarning ? 'high' : ''}>${stat.maxChainDepth} <em>of ${stat.chainLimit}</em></b><small>warns from ${stat.chainWarning}</small></div>
    <div class="card tile"><span>To be merged</span><b>${debt || freed ? bytes(debt) : 'nothing'}</b><small>${freed ? 'gives back ' + bytes(freed) : debt ? 'makes chains shorter' : 'all is merged that can be'}</small></div>
  </section>`
}

const Fact = ({ name, children }) => html`<dt>${name}</dt><dd>${children}</dd>`

const share = (part, whole) => (part >= whole ? (part / whole).toFixed(1) + ' times capacity' : (part > 0 && part < whole / 100 ? 'under 1' : Math.round(percent(part, whole))) + ' % of capacity')

const gain = space => bytes(space.freesAtOnceBytes) + (space.freesLaterBytes ? ', then ' + bytes(space.freesLaterBytes) + ' by merging' : '')

// The snapshots of a disk, newest first, with what would come back without each.
function Snapshots({ space, select }) {
  const [all, setAll] = useState(false)
  if (!space.snapshots.length) return null
  const shown = [...space.snapshots].reverse().slice(0, all ? undefined : 8)
  return html`<h2>${plural(space.snapshots.length, 'snapshot')}</h2>
    <table class="snapshots"><thead><tr><th>Snapshot</th><th class="num">Deleting it frees</th></tr></thead>
    <tbody>${shown.map(s => html`<tr key=${s.vdi}><td><button class="link" title=${s.name || s.vdi} onClick=${() => select(s.vdi)}>${s.name || s.vdi.slice(0, 8)}</button><small>${s.created ? ago(s.created) : ''}</small></td>
      <td class="num">${bytes(s.freesAtOnceBytes + s.freesLaterBytes)}</td></tr>`)}</tbody></table>
    ${shown.length < space.snapshots.length && html`<button class="link" onClick=${() => setAll(true)}>show all</button>`}`
}

export function NodePanel({ node, vdi, space, limit, may, mayDelete, act, select }) {
  if (!node) return html`<section class="card detail" aria-label="Node"><h2>Nothing is selected</h2><p class="muted">Select a node to see what it is, who uses it and what can be done.</p></section>`
  const active = /active|attached/.test(node.note)
  const why = active ? 'It is attached: detach it first' : ''
  const button = (id, text, action, role, off, cls = '') => may(role) && html`<button id=${id} class=${cls} disabled=${!!off} title=${off || ''} onClick=${() => act(action, node, vdi)}>${text}</button>`
  return html`<section class="card detail" aria-label="Node">
    <h2>${node.name || (node.hidden ? 'Base copy' : 'Without a name')}</h2>
    <dl><${Fact} name="UUID"><code>${node.id}</code><//><${Fact} name="State">${node.note || 'detached disk'}<//>
      <${Fact} name="Own data">${bytes(node.physicalBytes)}<//><${Fact} name="Size">${bytes(node.virtualSizeBytes)}<//>
      <${Fact} name="Depth">${node.depth} of ${limit}<//>${node.children > 0 && html`<${Fact} name="Built upon by">${plural(node.children, 'node')}<//>`}
      ${space && html`<${Fact} name="Whole chain">${bytes(space.chainBytes)}<//>`}
      ${space && space.bytesPerDay > 0 && html`<${Fact} name="Grows">${bytes(space.bytesPerDay)} a day<//>`}
      ${space && html`<${Fact} name="Deleting frees">${gain(space)}<//>`}
      ${node.merge && html`<${Fact} name="Merging">${node.merge}: ${inUnits(node.why)}${node.frees ? ' Gives back ' + bytes(node.frees) + '.' : ''}<//>`}
      ${node.hidden && !node.merge && html`<${Fact} name="Kept because">${node.children > 1 ? plural(node.children, 'node') + ' build on it' : node.children === 1 ? 'its only child needs its data' : 'the next collection takes it'}<//>`}
      ${vdi && vdi.created && html`<${Fact} name="Made">${new Date(vdi.created).toLocaleString()}<//>`}
      ${vdi && vdi.holds.map(h => html`<${Fact} name="Holder">${h.holder || 'this host'} (${h.active || 'not active'})<//>`)}
      ${vdi && Object.entries(vdi.keys).map(([k, v]) => html`<${Fact} name=${k}>${v}<//>`)}
    </dl>
    ${!node.hidden && html`<div class="actions">
      ${button('snapshot', 'Snapshot', 'snapshot', 'backup')}
      ${button('clone', 'Clone', 'clone', 'operator')}
      ${vdi && vdi.snapshotOf ? button('revert', 'Revert disk to this', 'revert', 'admin', '', 'danger') : ''}
      ${vdi && mayDelete(vdi) ? button('delete', 'Delete', 'delete', 'backup', why, 'danger') : ''}
    </div>`}
    ${space && html`<${Snapshots} key=${node.id} space=${space} select=${select} />`}
  </section>`
}

export function Jobs({ jobs, may, act }) {
  const newest = [...jobs].sort((a, b) => b.job - a.job)
  const ended = newest.filter(job => job.state !== 'running').slice(0, 4)
  const shown = newest.filter(job => job.state === 'running' || ended.includes(job))
  return html`<section class="card" aria-label="Jobs"><h2>Jobs</h2>
    ${shown.length === 0 && html`<p class="muted">Nothing runs, and nothing ended lately.</p>`}
    ${shown.map(job => {
      const running = job.state === 'running'
      const paused = running && job.phase === 'paused'
      const rate = job.bytesPerSecond
      const left = rate > 0 ? (job.totalBytes - job.doneBytes) / rate : 0
      return html`<div class="job" key=${job.job} id=${'job-' + job.job}>
        <div><b>${job.kind} ${job.job}</b> <span class=${'badge ' + (running ? 'busy' : job.state === 'done' ? 'good' : 'bad')}>${paused ? 'paused' : job.state}</span>
          <span class="grow"></span>
          ${running && may('operator') && html`<button onClick=${() => act(paused ? 'resume-job' : 'pause-job', job)}>${paused ? 'Resume' : 'Pause'}</button>
            <button class="cancel" onClick=${() => act('cancel-job', job)}>Cancel</button>`}</div>
        ${running && html`<progress max="100" value=${percent(job.doneBytes, job.totalBytes)} aria-label=${'Progress of job ' + job.job}></progress>`}
        <small>${running ? short(job.phase) + ' · ' + bytes(job.doneBytes) + ' of ' + bytes(job.totalBytes) + (rate ? ' · ' + bytes(rate) + '/s' : '') + (left > 1 ? ' · ' + Math.ceil(left) + ' s left' : '')
          : job.failure ? inUnits(job.failure.message) : short(inUnits(job.result || job.phase)) + ' · ' + ago(job.ended || job.started)}</small>
      </div>`
    })}</section>`
}

export function Collection({ gc, may, act }) {
  if (!gc) return null
  const paused = gc.state === 'paused'
  return html`<section class="card" aria-label="Collection"><h2>Garbage collection <span class=${'badge ' + (gc.state === 'running' ? 'busy' : paused ? 'high' : '')}>${gc.state}</span></h2>
    ${may('operator') && html`<div class="actions">
      <button id="gc-run" disabled=${gc.state === 'running'} title=${gc.state === 'running' ? 'It runs already' : ''} onClick=${() => act('gc-run')}>Run now</button>
      <button id="gc-pause" onClick=${() => act(paused ? 'gc-resume' : 'gc-pause')}>${paused ? 'Resume' : 'Pause'}</button>
      <button id="gc-limits" onClick=${() => act('gc-limits', gc.settings)}>Limits…</button></div>`}
    <small class="muted">${gc.settings.window ? 'Works ' + gc.settings.window + ' UTC' : 'Works at any time'}, ${plural(gc.settings.workers, 'tree')} at a time${gc.settings.bytesPerSecond ? ', ' + bytes(gc.settings.bytesPerSecond) + '/s' : ''}, leaves ${bytes(gc.settings.reserveBytes)} free${gc.nextRun ? ', next ' + clock(gc.nextRun) : ''}</small>
    <ol class="plan">${gc.plan.slice(0, 12).map(step => html`<li class=${step.running ? 'running' : ''} title=${inUnits(step.reason)}>
      <b>${step.way.replace('_', ' ')}</b> <code>${step.node.slice(0, 8)}</code>
      <small>moves ${bytes(step.bytesToMove)}, needs ${bytes(step.bytesNeeded)}, frees ${bytes(step.bytesFreed)}</small><small class="why">${inUnits(step.reason)}</small></li>`)}</ol>
    ${gc.plan.length > 12 && html`<small class="muted">and ${gc.plan.length - 12} more</small>`}
    ${gc.plan.length === 0 && html`<p class="muted">There is nothing to merge.</p>`}
    ${gc.setAside.map(s => html`<p class="problem"><b>${s.node.slice(0, 8)} is left alone</b> after ${s.tries} tries: ${inUnits(s.reason)}</p>`)}
  </section>`
}

export function Attachments({ vdis, may, act }) {
  const rows = vdis.flatMap(vdi => vdi.holds.map(hold => ({ vdi, hold })))
  return html`<section class="card" aria-label="Attachments"><h2>Attachments</h2>
    ${rows.length === 0 ? html`<p class="muted">No disk is attached.</p>` : html`<table><thead><tr><th>Disk</th><th>Holder</th><th>Mode</th><th>Active</th><th>Where</th>${may('operator') && html`<th><span class="hidden">Action</span></th>`}</tr></thead>
    <tbody>${rows.map(({ vdi, hold }) => html`<tr key=${vdi.vdi + hold.holder}><td>${vdi.name || vdi.vdi}</td><td class="holder">${hold.holder || 'this host'}</td><td>${hold.mode}</td><td>${hold.active || 'no'}</td>
      <td><code>${vdi.export ? vdi.export.device || vdi.export.uri : ''}</code></td>
      ${may('operator') && html`<td><button class="danger" onClick=${() => act('detach', vdi, hold)}>Detach</button></td>`}</tr>`)}</tbody></table>`}</section>`
}

// What an event tells, for people: bytes and times as such, disks by name, and files without what all of them have.
const SAID = { phase: v => v, failure: v => v, mode: v => v, reason: v => v, pauseMicros: v => 'writes held back ' + duration(+v) }
const said = (e, names) => {
  const { doneBytes, totalBytes, name, of, ...rest } = e.data
  const words = Object.entries(rest).filter(([k, v]) => v !== '' && k !== 'kind' && !(k === 'phase' && v === 'done')).map(([k, v]) => (SAID[k] ? SAID[k](v) : k + ' ' + v))
  if (of) words.unshift('of ' + (names.get(of) || of))
  if (name && name !== names.get(e.vdi)) words.unshift(name)
  if (totalBytes > 0) words.push(bytes(doneBytes) + ' of ' + bytes(totalBytes))
  return short(inUnits(words.join(', ')))
}

export function Events({ events, names }) {
  return html`<section class="card fill" aria-label="Events"><h2>Events</h2>
    <div class="log" role="log" tabindex="0" aria-label="What happened, newest first">${events.length === 0 && html`<p class="muted">Nothing has happened yet.</p>`}
    ${events.map(e => html`<div key=${e.id}><time title=${new Date(e.time).toLocaleString()}>${stamp(e.time)}</time><b>${e.kind}</b><span>${e.vdi ? html`<em title=${e.vdi}>${names.get(e.vdi) || e.vdi.slice(0, 8)}</em>` : e.job ? html`<em>job ${e.job}</em>` : ''} ${said(e, names)}</span></div>`)}</div></section>`
}

// So that axes are labelled in one unit.
function unitOf(most) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const i = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, most)) / 10)))
  return { name: units[i], bytes: 2 ** (10 * i) }
}

function Chart({ samples, capacity }) {
  const box = useRef()
  useEffect(() => {
    const x = samples.map(s => new Date(s.time) / 1000)
    const unit = unitOf(capacity)
    const used = samples.map(s => s.usedBytes / unit.bytes)
    const own = samples.map(s => s.physicalBytes / unit.bytes)
    const css = name => getComputedStyle(document.documentElement).getPropertyValue(name)
    const axis = { stroke: css('--muted'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1 } }
    const size = () => ({ width: box.current.clientWidth, height: 220 })
    const plot = new window.uPlot({ ...size(), cursor: { y: false }, scales: { y: { range: [0, capacity / unit.bytes] } },
      axes: [{ ...axis }, { ...axis, size: 60, values: (u, v) => v.map(n => n.toFixed(n < 10 && n % 1 ? 1 : 0)) }],
      series: [{}, { label: 'File system, ' + unit.name, stroke: css('--accent'), width: 2, fill: css('--accent-soft'), value: (u, v) => v?.toFixed(2) },
        { label: 'This SR, ' + unit.name, stroke: css('--good'), width: 2, value: (u, v) => v?.toFixed(2) }] }, [x, used, own], box.current)
    const watch = new ResizeObserver(() => plot.setSize(size()))
    watch.observe(box.current)
    return () => { watch.disconnect(); plot.destroy() }
  }, [samples, capacity])
  return html`<div ref=${box} role="img" aria-label="How full the file system was"></div>`
}

export function Space({ sr, stat, show }) {
  const [space, setSpace] = useState(null)
  useEffect(() => {
    const look = () => get('/v1/srs/' + sr + '/space').then(setSpace, () => {})
    look()
    const timer = setInterval(look, 60000)
    return () => clearInterval(timer)
  }, [sr])
  if (!space) return null
  const known = space.bytesPerDay !== undefined
  return html`<section class="card" aria-label="Forecast"><h2>Forecast</h2>
      <p class="forecast">${!known ? 'A forecast needs an hour of samples; there is one every five minutes.'
        : space.daysUntilFull !== undefined ? html`At this rate the file system is <b class=${space.daysUntilFull < 14 ? 'high' : ''}>full in ${soon(space.daysUntilFull)}</b>: it grows by ${bytes(space.bytesPerDay)} a day.`
        : html`The file system <b>does not fill up</b>${space.bytesPerDay < 0 ? ': it shrinks by ' + bytes(-space.bytesPerDay) + ' a day' : ''}.`}</p>
      ${space.samples.length > 1 ? html`<${Chart} samples=${space.samples} capacity=${stat.capacityBytes} />` : html`<p class="muted">The chart begins with the second sample.</p>`}</section>
    <section class="card spaced" aria-label="Disks that grow"><h2>Disks that grow</h2>
      ${space.growing.length === 0 ? html`<p class="muted">${known ? 'No disk has grown in the last week.' : 'Not known yet.'}</p>`
        : html`<table><thead><tr><th>Disk</th><th class="num">Whole chain</th><th class="num">Grows, a day</th></tr></thead>
      <tbody>${space.growing.map(g => html`<tr key=${g.vdi}><td><button class="link" onClick=${() => show(g.vdi)}>${g.name || g.vdi.slice(0, 8)}</button></td><td class="num">${bytes(g.chainBytes)}</td><td class="num">${bytes(g.bytesPerDay)}</td></tr>`)}</tbody></table>`}</section>`
}
