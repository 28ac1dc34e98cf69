// Schedules are made, changed and deleted here. What the agent has against a value stands at its field.
import { html, useState, useEffect, useMemo } from './vendor/preact-htm.js'
import { ask } from './api.js'
import { Dialog, told } from './dialogs.js'
import { plural, when } from './format.js'

const KEEPS = { keepLast: 'Newest', keepHourly: 'Hourly', keepDaily: 'Daily', keepWeekly: 'Weekly', keepMonthly: 'Monthly', keepYearly: 'Yearly', maxAgeDays: 'At most days old', maxCount: 'At most in all' }
const NUMBERS = { startWithinMinutes: 'May start late by, minutes', retries: 'Tried again after a failure', jitterSeconds: 'Put off by at most, seconds', reserveNodes: 'Chain nodes left to others' }
const MORE = ['mode', 'quiesce', 'onMissed', 'snapshotName', ...Object.keys(NUMBERS)]
const PREVIEW_MILLIS = 400
const ZONES = Intl.supportedValuesOf ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : ['UTC']

const pairs = keys => Object.entries(keys || {}).map(([key, value]) => key + '=' + value).join(', ')
const parts = text => text.split(',').map(part => part.trim()).filter(Boolean)
const asKeys = text => Object.fromEntries(parts(text).map(part => [part.split('=')[0].trim(), part.split('=').slice(1).join('=').trim()]))
const text = value => (value === undefined || value === null ? '' : String(value))

function fieldsOf(schedule) {
  const s = schedule || { cron: '30 2 * * *', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, keepDaily: 7, keepWeekly: 4, mode: 'together', quiesce: 'try', onMissed: 'once', startWithinMinutes: 360, retries: 3, jitterSeconds: 0, reserveNodes: 3, snapshotName: '{disk} {due}' }
  const target = s.vdis ? 'vdis' : s.group ? 'group' : Object.keys(s.keys || {}).length ? 'keys' : 'all'
  const plain = ['name', 'cron', 'timeZone', 'everyMinutes', 'group', 'mode', 'quiesce', 'onMissed', 'snapshotName', ...Object.keys(KEEPS), ...Object.keys(NUMBERS)]
  return { ...Object.fromEntries(plain.map(name => [name, text(s[name])])), due: s.everyMinutes ? 'every' : 'cron', target, vdis: s.vdis || [], keys: pairs(s.keys), excludeKeys: pairs(s.excludeKeys), blackouts: (s.blackouts || []).join(', '), partial: !!s.partial }
}

// A number that is none is sent as it was typed: the agent says what it wants.
const number = value => (/^\d+$/.test(value) ? Number(value) : value)

function bodyOf(f, isNew) {
  const body = { name: f.name, timeZone: f.timeZone, mode: f.mode, quiesce: f.quiesce, onMissed: f.onMissed, snapshotName: f.snapshotName, partial: f.partial, excludeKeys: asKeys(f.excludeKeys), blackouts: parts(f.blackouts) }
  if (f.due === 'cron') body.cron = f.cron
  else body.everyMinutes = number(f.everyMinutes)
  if (f.target === 'vdis') body.vdis = f.vdis
  else if (f.target === 'group') body.group = f.group
  else body.keys = f.target === 'keys' ? asKeys(f.keys) : {}
  for (const name of Object.keys(NUMBERS)) if (f[name] !== '') body[name] = number(f[name])
  for (const name of Object.keys(KEEPS)) if (f[name] !== '') body[name] = number(f[name])
    else if (!isNew) body[name] = 0
  return body
}

function Preview({ preview, failure, zone }) {
  if (failure) return html`<section class="preview" aria-label="Preview"><h3>Preview</h3><p class="muted">There is none until what is marked is corrected.</p></section>`
  if (!preview) return html`<section class="preview" aria-label="Preview"><h3>Preview</h3><p class="muted">Asking…</p></section>`
  const go = preview.snapshots.filter(snapshot => !snapshot.stays)
  const named = new Map(preview.disks.map(disk => [disk.vdi, disk.name || disk.vdi.slice(0, 8)]))
  const names = [...named.values()]
  return html`<section class="preview" id="preview" aria-label="Preview" aria-live="polite"><h3>Next runs, ${zone}</h3><ol>${preview.due.map(due => html`<li><time>${when(due, zone)}</time></li>`)}</ol>
    <h3>${plural(names.length, 'disk')}</h3><p class="muted">${names.slice(0, 8).join(', ') || 'None now: it waits until there are some.'}${names.length > 8 ? ' and ' + (names.length - 8) + ' more' : ''}</p>
    <p class="muted">Keeps up to ${preview.mostKept} snapshots of each.</p>
    <h3>Its snapshots now</h3><p class="muted">${preview.snapshots.length === 0 ? 'There are none yet.' : plural(preview.snapshots.length - go.length, 'snapshot') + ' would stay.'}</p>
    ${go.length > 0 && html`<p class="problem">${plural(go.length, 'snapshot')} would be deleted after the next run:</p><ul>${go.slice(0, 20).map(snapshot => html`<li>${named.get(snapshot.of)}, ${when(snapshot.due, zone)} <small>${snapshot.why}</small></li>`)}${go.length > 20 ? html`<li>and ${go.length - 20} more</li>` : ''}</ul>`}</section>`
}

export function ScheduleDialog({ ask: { schedule, sr, tag, disks, groups, done }, close }) {
  const [fields, setFields] = useState(() => fieldsOf(schedule))
  const [refusal, setFailure] = useState(null)
  const [preview, setPreview] = useState(null)
  const [busy, setBusy] = useState(false)
  const path = '/v1/schedules' + (schedule ? '/' + schedule.id : '')
  const body = useMemo(() => ({ ...(schedule ? {} : { sr }), ...bodyOf(fields, !schedule) }), [fields])
  useEffect(() => {
    let wanted = true
    const look = async () => {
      const found = await ask('POST', path + '/preview?count=5', { ...body, name: body.name || 'new' }).then(answer => [answer.value, null], e => [null, e])
      if (wanted) { setPreview(found[0]); setFailure(found[1]) }
    }
    const timer = setTimeout(look, preview || refusal ? PREVIEW_MILLIS : 0)
    return () => { wanted = false; clearTimeout(timer) }
  }, [body])
  // Without any label it would be all disks, which is another choice.
  const failure = fields.target === 'keys' && !parts(fields.keys).length ? { field: 'keys', message: 'Give at least one label, as owner=ann.' } : refusal
  const set = (name, value) => setFields(old => ({ ...old, [name]: value }))
  const save = async event => {
    event.preventDefault()
    setBusy(true)
    try {
      await (schedule ? ask('PATCH', path, body, { 'If-Match': tag }) : ask('POST', path, body))
      done()
      close()
    } catch (e) {
      setFailure(e)
      setBusy(false)
      document.querySelector('dialog [aria-invalid=true]')?.focus()
    }
  }
  const shown = new Set()
  const wrong = name => failure && failure.field === name
  const at = name => {
    shown.add(name)
    return wrong(name) && html`<small class="problem" id=${name + '-problem'} role="alert">${told(failure)}</small>`
  }
  const marks = name => ({ id: 'f-' + name, name, 'aria-invalid': wrong(name) ? 'true' : undefined, 'aria-describedby': wrong(name) ? name + '-problem' : undefined })
  const line = (name, label, more = {}) => html`<label class="field">${label}<input ...${marks(name)} autocomplete="off" value=${fields[name]} onInput=${e => set(name, e.target.value)} ...${more} />${at(name)}</label>`
  const figure = (name, label) => line(name, label, { inputmode: 'numeric', placeholder: 'none' })
  const choice = (name, label, values) => html`<label class="field">${label}<select ...${marks(name)} value=${fields[name]} onChange=${e => set(name, e.target.value)}>${Object.entries(values).map(([value, said]) => html`<option value=${value}>${said}</option>`)}</select>${at(name)}</label>`
  const flip = vdi => set('vdis', fields.vdis.includes(vdi) ? fields.vdis.filter(other => other !== vdi) : [...fields.vdis, vdi])
  const form = html`<div class="fields">
      ${line('name', 'Name', { autofocus: true })}
      <fieldset><legend>When</legend>
        ${choice('due', 'Due', { cron: 'at times of the clock', every: 'every so many minutes' })}
        ${fields.due === 'cron' ? line('cron', 'Minute, hour, day, month, weekday', { placeholder: '30 2 * * *' }) : line('everyMinutes', 'Minutes between two', { inputmode: 'numeric' })}
        ${line('timeZone', 'Time zone', { list: 'zones' })}<datalist id="zones">${ZONES.map(zone => html`<option value=${zone}></option>`)}</datalist>
        ${line('blackouts', 'Never between', { placeholder: '08:00-18:00, 22:00-23:00' })}</fieldset>
      <fieldset><legend>Which disks</legend>
        ${choice('target', 'Disks', { all: 'all of this SR', vdis: 'those chosen here', group: 'of a group', keys: 'with certain labels' })}
        ${fields.target === 'group' && line('group', 'Group', { list: 'groups' })}<datalist id="groups">${groups.map(group => html`<option value=${group}></option>`)}</datalist>
        ${fields.target === 'keys' && line('keys', 'Labels, all of which it has', { placeholder: 'owner=ann, tier=1' })}
        ${fields.target === 'vdis' && html`<div class="choices" role="group" aria-label="Disks" tabindex="0">${disks.map(disk => html`<label key=${disk.id}><input type="checkbox" checked=${fields.vdis.includes(disk.id)} onChange=${() => flip(disk.id)} />${disk.name || disk.id.slice(0, 8)}</label>`)}</div>${at('vdis')}`}
        ${line('excludeKeys', 'Without those that have a label of', { placeholder: 'backup=no' })}</fieldset>
      <fieldset class="figures"><legend>What is kept of each disk</legend>${Object.entries(KEEPS).map(([name, label]) => figure(name, label))}</fieldset>
      <details open=${failure && MORE.includes(failure.field) ? true : undefined}><summary>More</summary><fieldset>
        ${choice('mode', 'Cut', { together: 'all disks at one instant', each: 'each by itself' })}
        ${choice('quiesce', 'Guests hold their file systems still', { try: 'if they can', require: 'or there is no snapshot', never: 'never' })}
        ${choice('onMissed', 'What was missed is', { once: 'made up for once', skip: 'left' })}
        ${line('snapshotName', 'Snapshots are called')}
        ${Object.entries(NUMBERS).map(([name, label]) => figure(name, label))}
        <label class="check"><input type="checkbox" checked=${fields.partial} onChange=${e => set('partial', e.target.checked)} />Go on without disks that are missing</label></fieldset></details>
    </div>`
  return html`<${Dialog} title=${schedule ? 'Change ' + schedule.name : 'New schedule'} close=${close} wide=${true}><form onSubmit=${save} noValidate>
    <div class="editor">${form}<${Preview} preview=${preview} failure=${failure} zone=${fields.timeZone} /></div>
    ${failure && !shown.has(failure.field) && html`<p class="problem" role="alert" id="refused">${told(failure)}</p>`}
    <div class="actions end"><button type="button" id="no" onClick=${close}>Cancel</button><button type="submit" id="yes" class="solid" disabled=${busy || (failure && failure !== refusal)}>${schedule ? 'Save' : 'Make'}</button></div></form><//>`
}

// The snapshots stay, unless that is asked for and the name is typed.
export function UnscheduleDialog({ ask: { schedule, snapshots, tag, done }, close }) {
  const [purge, setPurge] = useState(false)
  const [typed, setTyped] = useState('')
  const [failure, setFailure] = useState('')
  const ready = !purge || typed === schedule.name
  const go = async event => {
    event.preventDefault()
    if (!ready) return
    try {
      await ask('DELETE', '/v1/schedules/' + schedule.id + (purge ? '?purge=true' : ''), undefined, { 'If-Match': tag })
      done()
      close()
    } catch (e) {
      setFailure(told(e))
    }
  }
  return html`<${Dialog} title=${'Delete ' + schedule.name + '?'} close=${close}><form onSubmit=${go}>
    <p>No more snapshots are taken by it. ${snapshots === 0 ? 'It has none.' : purge ? 'Its ' + plural(snapshots, 'snapshot') + (snapshots === 1 ? ' goes' : ' go') + ', too, with the content; pinned and attached ones stay.' : 'Its ' + plural(snapshots, 'snapshot') + (snapshots === 1 ? ' stays' : ' stay') + ' until somebody deletes ' + (snapshots === 1 ? 'it.' : 'them.')}</p>
    ${snapshots > 0 && html`<label class="check"><input type="checkbox" id="purge" checked=${purge} onChange=${e => setPurge(e.target.checked)} />Delete its snapshots, too</label>`}
    ${purge && html`<label>Type <code class="confirm">${schedule.name}</code> to confirm<input id="typed" autocomplete="off" value=${typed} onInput=${e => setTyped(e.target.value)} /></label>`}
    ${failure && html`<p class="problem" role="alert">${failure}</p>`}
    <div class="actions end"><button type="button" id="no" onClick=${close}>Keep</button><button type="submit" id="yes" class="danger solid" disabled=${!ready}>Delete</button></div></form><//>`
}
