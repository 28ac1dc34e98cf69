// The page: who is logged in, which SR is looked at, and what happens to it.
import { html, render, useState, useEffect, useLayoutEffect, useRef, useMemo } from './vendor/preact-htm.js'
import { ask, follow, get, list, patiently } from './api.js'
import { bytes, fills, percent, plural } from './format.js'
import { Tree } from './tree.js'
import { Attachments, Collection, Events, Health, Jobs, NodePanel, Numbers, Space } from './panels.js'
import { Schedules } from './schedules.js'
import { LimitsDialog, Login, NameDialog, PlanDialog, told } from './dialogs.js'
import { DeletionDialog } from './bulk.js'
import { ScheduleDialog, UnscheduleDialog } from './editor.js'

const ROLES = ['metrics', 'viewer', 'backup', 'operator', 'peer', 'admin']
const FORECAST_MILLIS = 300000
const MOST_EVENTS = 200
const TABS = { chains: 'Chains', attachments: 'Attachments', schedules: 'Schedules', space: 'Space', events: 'Events' }
const NEW = 'new'

// The address tells what is shown, so that it can be kept and sent: #SR, #SR/VIEW, #SR/schedules/ID or new.
const addressed = () => {
  const [sr, tab, schedule] = location.hash.slice(1).split('/')
  return { sr, tab: TABS[tab] ? tab : 'chains', schedule: tab === 'schedules' && schedule ? schedule : '' }
}

// Newest first; of the progress of a job only the last is worth a line.
const withEvent = (events, event) =>
  [event, ...events.filter(e => e.id !== event.id && !(event.kind === 'job.progress' && e.kind === event.kind && e.job === event.job))].slice(0, MOST_EVENTS)

// Does something soon, and again after that if it was asked for meanwhile: never twice at a time, and after what took long
// with a rest that is as long. Events that never stop neither put it off nor keep the agent busy.
function useSoon(action) {
  const state = useRef({})
  const now = state.current
  now.action = action
  now.soon ||= () => {
    now.wanted = true
    if (now.busy) return
    now.busy = true
    setTimeout(async () => {
      now.wanted = false
      const start = performance.now()
      await now.action()
      setTimeout(() => { now.busy = false; if (now.wanted) now.soon() }, performance.now() - start)
    }, 250)
  }
  return now.soon
}

function App() {
  const [session, setSession] = useState(undefined)
  const [reason, setReason] = useState('')
  const load = () => get('/v1/session').then(setSession, e => { setSession(null); setReason(e.status === 401 ? '' : e.message) })
  useEffect(() => { load() }, [])
  if (session === undefined) return html`<p class="empty">Loading…</p>`
  if (session === null) return html`<${Login} done=${load} reason=${reason} />`
  const leave = why => { setReason(why); setSession(null) }
  return html`<${Host} session=${session} leave=${leave} />`
}

function Host({ session, leave }) {
  const [srs, setSrs] = useState([])
  const [stats, setStats] = useState({})
  const [sr, setSr] = useState(() => addressed().sr)
  const [nodes, setNodes] = useState([])
  const [attached, setAttached] = useState([])
  const [vdi, setVdi] = useState(null)
  const [space, setSpace] = useState(null)
  const [spaces, setSpaces] = useState({})
  const [gc, setGc] = useState(null)
  const [jobs, setJobs] = useState([])
  const [events, setEvents] = useState([])
  const [selected, setSelected] = useState('')
  const [tab, setTab] = useState(() => addressed().tab)
  const [wanted, setWanted] = useState(() => addressed().schedule)
  const [live, setLive] = useState(false)
  const [dialog, setDialog] = useState(null)
  const [notice, setNotice] = useState('')
  const may = role => ROLES.indexOf(session.role) >= ROLES.indexOf(role)
  // Backups delete the snapshots that they took, operators all snapshots.
  const mayDelete = disk => may('admin') || (!!disk.snapshotOf && (may('operator') || (may('backup') && disk.keys?.['catena:made-by'] === session.name)))
  const guard = promise => promise.catch(e => e.status === 401 ? leave(e.message) : setNotice(told(e)))

  const loadSrs = async () => {
    const all = await list('/v1/srs')
    setSrs(all)
    const told = await Promise.all(all.filter(s => s.attached).map(s => get('/v1/srs/' + s.sr).catch(() => null)))
    setStats(Object.fromEntries(told.filter(Boolean).map(s => [s.sr, s])))
    setSr(now => (all.some(s => s.sr === now) ? now : (told.filter(Boolean).sort((a, b) => b.nodes - a.nodes)[0] || all[0] || { sr: '' }).sr))
  }
  const loadJobs = async () => setJobs(await list('/v1/jobs'))
  const loadEvents = async () => {
    const { last } = await get('/v1/events?limit=1')
    const { events: before } = await get('/v1/events?limit=' + MOST_EVENTS + '&since=' + Math.max(0, last - MOST_EVENTS))
    setEvents(now => [...now].reverse().reduce(withEvent, before.reduce(withEvent, [])))
  }
  const loadSr = async () => {
    if (!sr || !srs.some(s => s.sr === sr && s.attached)) return
    const [n, a, g] = await Promise.all([list('/v1/srs/' + sr + '/nodes', 10000), list('/v1/srs/' + sr + '/vdis?attached=true'), get('/v1/srs/' + sr + '/gc')])
    setNodes(n)
    setAttached(a)
    setGc(g)
    document.documentElement.dataset.ready = sr
  }
  const later = useSoon(() => Promise.all([guard(loadSrs()), guard(loadSr()), guard(loadJobs())]))
  useEffect(() => { guard(loadSrs()); guard(loadJobs()); guard(loadEvents()) }, [])
  useEffect(() => {
    setNodes([])
    setGc(null)
    setSelected('')
    guard(loadSr())
  }, [sr, srs.length])
  const edited = dialog && dialog.type === 'schedule' ? (dialog.schedule ? dialog.schedule.id : NEW) : wanted
  // At once: who follows or types another address right after a view has come would have it overwritten.
  useLayoutEffect(() => {
    history.replaceState(null, '', '#' + sr + (tab === 'chains' ? '' : '/' + tab) + (tab === 'schedules' && edited ? '/' + edited : ''))
  }, [sr, tab, edited])
  useEffect(() => {
    const go = () => {
      const to = addressed()
      setDialog(null)
      setSr(to.sr)
      setTab(to.tab)
      setWanted(to.schedule)
    }
    addEventListener('hashchange', go)
    return () => removeEventListener('hashchange', go)
  }, [])
  useEffect(() => {
    if (!wanted || !gc || gc.sr !== sr) return
    setWanted('')
    if (may('operator')) act('schedule', wanted === NEW ? undefined : wanted)
  }, [wanted, gc, sr])
  useEffect(() => {
    let first = true
    return follow(
      event => {
        setEvents(old => withEvent(old, event))
        if (event.kind === 'job.progress') {
          const d = event.data
          setJobs(old => old.map(j => (j.job === event.job ? { ...j, phase: d.phase, doneBytes: +d.doneBytes, totalBytes: +d.totalBytes } : j)))
        } else later()
      },
      later,
      on => {
        setLive(on)
        if (on && !first) later()
        if (!on) get('/v1/session').then(who => who || leave('The session has ended; log in again'), () => {})
        first = false
      },
    )
  }, [])

  // Samples come every five minutes.
  const reached = srs.filter(s => s.attached).map(s => s.sr).join()
  useEffect(() => {
    let wanted = true
    const look = async () => {
      const told = await Promise.all(reached.split(',').filter(Boolean).map(id => get('/v1/srs/' + id + '/space').then(space => [id, space], () => null)))
      if (wanted) setSpaces(Object.fromEntries(told.filter(Boolean)))
    }
    look()
    const timer = setInterval(look, FORECAST_MILLIS)
    return () => { wanted = false; clearInterval(timer) }
  }, [reached])

  const stat = stats[sr]
  const node = useMemo(() => nodes.find(n => n.id === selected), [nodes, selected])
  useEffect(() => {
    let wanted = true
    const look = (path, set) => get(path).then(v => wanted && set(v), () => wanted && set(null))
    if (node && !node.hidden) {
      look('/v1/vdis/' + node.id, setVdi)
      look('/v1/vdis/' + node.id + '/space', setSpace)
    }
    return () => { wanted = false }
  }, [node])
  // Also of disks that are gone, as far as an event tells.
  const names = useMemo(() => new Map([...events.filter(e => e.vdi && e.data.name).map(e => [e.vdi, e.data.name]), ...nodes.filter(n => n.name).map(n => [n.id, n.name])]), [nodes, events])
  const run = (method, path, body) => guard(ask(method, path, body)).then(later)
  const plan = (title, verb, method, path, body, headers) =>
    guard(ask(method, path + '?dryRun=true', body).then(({ value }) =>
      setDialog({ type: 'plan', title, verb, plan: value, go: () => ask(method, path, body, headers).then(later) })))
  const name = (title, verb, suggestion, go) => setDialog({ type: 'name', title, verb, name: suggestion, go: text => go(text).then(later) })
  const remove = async ids => {
    const { value: found } = await patiently(() => ask('POST', '/v1/vdis/deletion-plan', { vdis: ids }))
    const going = found.disks.filter(disk => !disk.blockers.length)
    const tags = await Promise.all(going.map(disk => ask('GET', '/v1/vdis/' + disk.vdi).then(({ tag }) => [disk.vdi, tag], () => [disk.vdi, '"gone"'])))
    setDialog({ type: 'deletion', plan: found, tags: new Map(tags), done: later })
  }
  const edit = async id => {
    const { value, tag } = id ? await ask('GET', '/v1/schedules/' + id) : {}
    const disks = nodes.filter(n => !n.hidden && !n.snapshotOf).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
    const groups = [...new Set(disks.map(n => n.keys?.group).filter(Boolean))].sort()
    setDialog({ type: 'schedule', schedule: value, tag, sr, disks, groups, done: later })
  }
  const unschedule = async id => {
    const { value, tag } = await ask('GET', '/v1/schedules/' + id)
    const preview = await get('/v1/schedules/' + id + '/preview?count=1')
    setDialog({ type: 'unschedule', schedule: value, tag, snapshots: preview.snapshots.length, done: later })
  }
  const act = (what, object, other) => {
    const vdi = '/v1/vdis/' + (object ? object.id || object.vdi : '')
    const gcPath = '/v1/srs/' + sr + '/gc'
    switch (what) {
      case 'delete':
        return guard(ask('GET', vdi).then(({ tag }) => plan('Delete ' + (object.name || object.id) + '?', 'Delete', 'DELETE', vdi, undefined, { 'If-Match': tag })))
      case 'revert': {
        const disk = '/v1/vdis/' + other.snapshotOf
        return guard(ask('GET', disk).then(({ value, tag }) => plan('Revert ' + (value.name || value.vdi) + '?', 'Revert', 'POST', disk + '/revert', { snapshot: object.id }, { 'If-Match': tag })))
      }
      case 'snapshot':
        return name('Take a snapshot of ' + (object.name || object.id), 'Take snapshot', (object.name || 'disk') + ' ' + new Date().toISOString().slice(0, 16), text => ask('POST', '/v1/vdis/snapshot', { vdis: [object.id], name: text }))
      case 'clone':
        return name('Clone ' + (object.name || object.id), 'Clone', (object.name || 'disk') + ' clone', text => ask('POST', vdi + '/clone', { name: text }))
      case 'detach':
        return plan('Detach ' + (object.name || object.vdi) + '?', 'Detach', 'POST', vdi + '/detach', { holder: other.holder })
      case 'delete-many': return guard(remove(object))
      case 'schedule': return guard(edit(object))
      case 'unschedule': return guard(unschedule(object))
      case 'gc-limits': return setDialog({ type: 'limits', settings: object, go: limits => ask('POST', gcPath + '/set', limits).then(later) })
      case 'gc-run': return run('POST', gcPath)
      case 'gc-pause': return run('POST', gcPath + '/pause')
      case 'gc-resume': return run('POST', gcPath + '/resume')
      default: return run('POST', '/v1/jobs/' + object.job + '/' + what.split('-')[0])
    }
  }
  const logOut = () => ask('DELETE', '/v1/session').finally(() => leave(''))
  const running = jobs.filter(job => job.state === 'running')
  const done = percent(...['doneBytes', 'totalBytes'].map(field => running.reduce((sum, job) => sum + job[field], 0)))
  const turnTab = event => {
    const ids = Object.keys(TABS)
    const to = { ArrowRight: ids.indexOf(tab) + 1, ArrowLeft: ids.indexOf(tab) - 1 + ids.length, Home: 0, End: ids.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    setTab(ids[to % ids.length])
    document.getElementById('tab-' + ids[to % ids.length]).focus()
  }
  const showJobs = () => { setSr(running[0].sr); setTab('chains'); setSelected('') }
  return html`<div class="frame">
    <header><img src="icon.svg" width="26" height="26" alt="" /><strong>Catena</strong><span class="grow"></span>
      ${running.length > 0 && html`<button id="running" title=${running.map(job => job.kind + ' ' + job.job + ': ' + job.phase).join('\n')} onClick=${showJobs}>${plural(running.length, 'job')} · ${Math.round(done)} %</button>`}
      <span class=${'live ' + (live ? 'on' : 'off')} id="live" role="status">${live ? 'live' : 'reconnecting…'}</span>
      <span class="who">${session.name} · <b>${session.role}</b></span><button id="logout" onClick=${logOut}>Log out</button></header>
    <nav aria-label="Storage repositories"><h2>Storage repositories</h2>
      ${srs.map(s => {
        const t = stats[s.sr]
        const used = t ? percent(t.capacityBytes - t.freeBytes, t.capacityBytes) : 0
        return html`<button key=${s.sr} class=${'sr' + (s.sr === sr ? ' selected' : '')} aria-current=${s.sr === sr} onClick=${() => setSr(s.sr)}>
          <span><i class=${'dot ' + (!s.attached ? 'off' : t && t.health.state === 'healthy' ? 'good' : t ? 'bad' : '')}></i><em title=${s.name}>${s.name}</em></span>
          <small>${!s.attached ? 'not attached' : t ? (t.health.state === 'healthy' ? 'healthy' : 'needs care') + ' · ' + bytes(t.freeBytes) + ' free' : ''}</small>
          ${fills(spaces[s.sr]) && html`<small class="high">${fills(spaces[s.sr])}</small>`}
          ${t && html`<div class="meter"><i class=${used > 95 ? 'bad' : used > 85 ? 'high' : ''} style=${'width:' + used + '%'}></i></div>`}
          ${s.problem && html`<small class="problem">${s.problem}</small>`}</button>`
      })}
      ${srs.length === 0 && html`<p class="muted">There is no SR yet: <code>catena sr create</code></p>`}
    </nav>
    <main>
      ${notice && html`<div class="notice" role="alert"><span>${notice}</span><button aria-label="Close" onClick=${() => setNotice('')}>×</button></div>`}
      ${stat ? html`<div class="title"><h1 title=${stat.name}>${stat.name}</h1><code>${stat.path}</code></div>
        <${Health} stat=${stat} /><${Numbers} stat=${stat} gc=${gc} active=${attached.filter(v => v.state === 'active').length} space=${spaces[sr]} />
        <div class="tabs" role="tablist" aria-label="Views" onKeyDown=${turnTab}>${Object.entries(TABS).map(([id, text]) => html`<button role="tab" id=${'tab-' + id} aria-selected=${tab === id} tabindex=${tab === id ? 0 : -1} aria-controls="view" onClick=${() => setTab(id)}>${text}</button>`)}</div>
        <div class="view" id="view" role="tabpanel" aria-labelledby=${'tab-' + tab}>
          ${tab === 'chains' && html`<div class="columns"><${Tree} key=${sr + (nodes.length > 0)} nodes=${nodes} limit=${stat.chainLimit} selected=${selected} select=${setSelected} mayDelete=${mayDelete} remove=${ids => act('delete-many', ids)} />
            <div class="side"><${NodePanel} node=${node} vdi=${vdi && vdi.vdi === selected ? vdi : null} space=${space && space.vdi === selected ? space : null} select=${setSelected} limit=${stat.chainLimit} may=${may} mayDelete=${mayDelete} act=${act} />
              <${Jobs} jobs=${jobs.filter(j => j.sr === sr)} may=${may} act=${act} /><${Collection} gc=${gc} may=${may} act=${act} /></div></div>`}
          ${tab === 'attachments' && html`<${Attachments} vdis=${attached} may=${may} act=${act} />`}
          ${tab === 'schedules' && html`<${Schedules} sr=${sr} changed=${events.length ? events[0].id : 0} may=${may} run=${run} act=${act} />`}
          ${tab === 'space' && html`<${Space} sr=${sr} stat=${stat} show=${id => { setSelected(id); setTab('chains') }} />`}
          ${tab === 'events' && html`<${Events} events=${events} names=${names} />`}
        </div>` : html`<p class="empty">${srs.length ? 'This SR is not attached.' : ''}</p>`}
    </main>
    ${dialog && dialog.type === 'plan' && html`<${PlanDialog} ask=${dialog} close=${() => setDialog(null)} />`}
    ${dialog && dialog.type === 'deletion' && html`<${DeletionDialog} ask=${dialog} close=${() => setDialog(null)} />`}
    ${dialog && dialog.type === 'schedule' && html`<${ScheduleDialog} ask=${dialog} close=${() => setDialog(null)} />`}
    ${dialog && dialog.type === 'unschedule' && html`<${UnscheduleDialog} ask=${dialog} close=${() => setDialog(null)} />`}
    ${dialog && dialog.type === 'limits' && html`<${LimitsDialog} ask=${dialog} close=${() => setDialog(null)} />`}
    ${dialog && dialog.type === 'name' && html`<${NameDialog} ask=${dialog} close=${() => setDialog(null)} />`}
  </div>`
}

render(html`<${App} />`, document.getElementById('app'))
