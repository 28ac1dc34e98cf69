// The schedules of an SR: when they are due, what came of it, and what they would do.
import { html, useState, useEffect } from './vendor/preact-htm.js'
import { get, list } from './api.js'
import { plural, when } from './format.js'

const KEPT = { keepLast: 'last', keepHourly: 'hourly', keepDaily: 'daily', keepWeekly: 'weekly', keepMonthly: 'monthly', keepYearly: 'yearly' }
const COLOURS = { ok: 'good', paused: '', waiting: 'high', failing: 'bad', overdue: 'bad' }

function rule(schedule) {
  const parts = Object.entries(KEPT).filter(([field]) => schedule[field]).map(([field, text]) => schedule[field] + ' ' + text)
  if (schedule.maxAgeDays) parts.push('at most ' + plural(schedule.maxAgeDays, 'day'))
  if (schedule.maxCount) parts.push('at most ' + schedule.maxCount)
  return parts.join(', ')
}

function target(schedule) {
  if (schedule.vdis) return plural(schedule.vdis.length, 'disk')
  if (schedule.group) return 'group ' + schedule.group
  const keys = Object.entries(schedule.keys || {})
  return keys.length ? keys.map(([k, v]) => k + '=' + v).join(', ') : 'all disks'
}

function Detail({ schedule }) {
  const [preview, setPreview] = useState(null)
  useEffect(() => { get('/v1/schedules/' + schedule.id + '/preview?count=5').then(setPreview, e => setPreview({ failure: e.message })) }, [schedule])
  return html`<section class="card spaced" aria-label="Schedule" id="schedule"><h2>${schedule.name}</h2>
    ${preview && preview.failure && html`<p class="problem">${preview.failure}</p>`}
    ${preview && preview.due && html`<p class="muted">Next: ${schedule.enabled ? preview.due.map(due => when(due, schedule.timeZone)).join(' · ') + ' (' + schedule.timeZone + ')' : 'it is paused'}</p>
      <p class="muted">Disks: ${preview.disks.map(d => d.name || d.vdi.slice(0, 8)).join(', ') || 'none'} · keeps up to ${preview.mostKept} of each</p>`}
    <h2>Runs</h2>
    ${schedule.status.runs.length === 0 ? html`<p class="muted">It was not due yet.</p>` : html`<table><thead><tr><th>Due</th><th>Outcome</th><th>Snapshots</th><th>Deleted</th><th>Why</th></tr></thead>
    <tbody>${schedule.status.runs.map(run => html`<tr key=${run.due} class="run"><td>${when(run.due)}</td><td><span class=${'badge ' + (run.outcome === 'ok' ? 'good' : 'bad')}>${run.outcome}</span></td>
      <td>${run.snapshots.length}</td><td>${run.removed.length}</td><td>${run.reason}${run.missed ? ' (' + run.missed + ' missed before)' : ''}</td></tr>`)}</tbody></table>`}
    ${preview && preview.snapshots && preview.snapshots.length > 0 && html`<h2>Snapshots</h2><table><thead><tr><th>Due</th><th>Stays</th><th>Why</th></tr></thead>
    <tbody>${preview.snapshots.map(s => html`<tr key=${s.vdi}><td>${when(s.due)}</td><td>${s.stays ? 'yes' : 'no'}</td><td>${s.why}</td></tr>`)}</tbody></table>`}</section>`
}

export function Schedules({ sr, changed, may, run, act }) {
  const [all, setAll] = useState(null)
  const [chosen, setChosen] = useState('')
  useEffect(() => { list('/v1/schedules').then(found => setAll(found.filter(s => s.sr === sr)), () => setAll([])) }, [sr, changed])
  if (!all) return null
  const detail = all.find(s => s.id === chosen)
  const path = s => '/v1/schedules/' + s.id
  return html`<section class="card" aria-label="Schedules"><h2>Schedules${may('operator') && html`<span class="grow"></span><button id="new-schedule" onClick=${() => act('schedule')}>New…</button>`}</h2>
    ${all.length === 0 ? html`<p class="muted">There is none. A schedule takes snapshots at given times, and deletes the old ones.</p>` : html`<table><thead><tr><th>Name</th><th>Due</th><th>Disks</th><th>Keeps</th><th>Next</th><th>Last good</th><th>Health</th>${may('operator') && html`<th><span class="hidden">Action</span></th>`}</tr></thead>
    <tbody>${all.map(s => html`<tr key=${s.id} class="schedule"><td><button class="link" onClick=${() => setChosen(s.id)}>${s.name}</button></td>
      <td>${s.cron || 'every ' + s.everyMinutes + ' min'} <small>${s.timeZone}</small></td><td>${target(s)}</td><td>${rule(s)}</td><td title=${s.status.nextDue ? when(s.status.nextDue) + ' here' : undefined}>${when(s.status.nextDue, s.timeZone)}</td><td>${when(s.status.lastOk)}</td>
      <td><span class=${'badge ' + COLOURS[s.status.health]}>${s.status.health}</span> <small>${s.status.reason || ''}</small></td>
      ${may('operator') && html`<td><span class="actions"><button class="run" onClick=${() => run('POST', path(s) + '/run')}>Run now</button><button class="pause" onClick=${() => run('POST', path(s) + (s.enabled ? '/pause' : '/resume'))}>${s.enabled ? 'Pause' : 'Resume'}</button><button class="edit" onClick=${() => act('schedule', s.id)}>Change…</button><button class="remove danger" onClick=${() => act('unschedule', s.id)}>Delete…</button></span></td>`}</tr>`)}</tbody></table>`}</section>
    ${detail && html`<${Detail} key=${detail.id} schedule=${detail} />`}`
}
