// The chains of an SR. Only the rows that can be seen are in the document, however many nodes there are.
import { html, useState, useMemo, useRef, useEffect } from './vendor/preact-htm.js'
import { bytes, inUnits, plural } from './format.js'
import { GroupRow, groupedRows, groupIds, hasText, isGroup, labelKeys } from './groups.js'

const ROW = 28
const SPARE = 12

const isBase = node => node.hidden
const needsCare = node => node.merge === 'set-aside' || /problem|broken|quarantin|garbage|corrupt/i.test(node.note)
const hasDebt = node => !!node.merge

function index(nodes) {
  const children = new Map()
  const known = new Set(nodes.map(n => n.id))
  for (const node of nodes) {
    const parent = node.parent && known.has(node.parent) ? node.parent : ''
    if (!children.has(parent)) children.set(parent, [])
    children.get(parent).push(node)
  }
  return children
}

// A run of base copies, each the only child of the one before, is one row until it is unfolded.
function run(node, children) {
  const nodes = [node]
  let last = node
  for (;;) {
    const below = children.get(last.id) || []
    if (below.length !== 1 || !isBase(below[0])) return nodes
    last = below[0]
    nodes.push(last)
  }
}

export function rowsOf(nodes, open, unfolded, filter, only, by) {
  const wanted = filter.toLowerCase()
  const fits = node => (!wanted || hasText(node, wanted)) && (!only || (only === 'care' ? needsCare(node) : hasDebt(node)))
  const searched = !!(filter || only)
  if (by) return groupedRows(nodes, by, open, fits, searched)
  if (searched) return nodes.filter(fits).map(node => ({ node, level: 0, leaf: true }))
  const children = index(nodes)
  const rows = []
  const stack = (children.get('') || []).map(node => [node, 0]).reverse()
  while (stack.length) {
    const [node, level] = stack.pop()
    const chain = isBase(node) && !unfolded.has(node.id) ? run(node, children) : [node]
    const last = chain[chain.length - 1]
    const below = children.get(last.id) || []
    rows.push({ node, level, run: chain.length > 1 ? chain : null, leaf: below.length === 0, key: last.id })
    if (open.has(last.id)) for (let i = below.length - 1; i >= 0; i--) stack.push([below[i], level + 1])
  }
  return rows
}

const kindOf = node => (isBase(node) ? 'base copy' : /snapshot/.test(node.note) ? 'snapshot' : 'disk')

function Badges({ node, run }) {
  const badges = []
  const merges = run ? run.filter(hasDebt) : hasDebt(node) ? [node] : []
  const told = part => !/^(base copy|snapshot)$/.test(part) && !(merges.length && /^(mergeable|merging)$/.test(part))
  const note = node.note.split(', ').filter(told).join(', ')
  if (note) badges.push(html`<span class=${'badge ' + (/active/.test(note) ? 'good' : needsCare(node) ? 'bad' : '')}>${note}</span>`)
  if (merges.length) {
    const state = merges.some(n => n.merge === 'running') ? 'running' : merges[0].merge
    const text = state === 'running' ? 'merging' : state === 'planned' ? 'mergeable' : state
    badges.push(html`<span class=${'badge ' + (state === 'set-aside' ? 'bad' : state === 'running' ? 'busy' : 'info')}
      title=${merges.map(n => inUnits(n.why)).join('\n')}>${text}${run && merges.length > 1 ? ' ×' + merges.length : ''}</span>`)
  }
  return badges
}

export function Tree({ nodes, limit, selected, select, mayDelete, remove }) {
  const [open, setOpen] = useState(() => new Set(nodes.length < 400 ? nodes.map(n => n.id) : []))
  const [unfolded, setUnfolded] = useState(() => new Set())
  const [filter, setFilter] = useState('')
  const [only, setOnly] = useState('')
  const [asked, setAsked] = useState('')
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const [picked, setPicked] = useState(() => new Set())
  const anchor = useRef('')
  const box = useRef()
  const labels = useMemo(() => labelKeys(nodes), [nodes])
  const by = labels.includes(asked) ? asked : ''
  const group = key => {
    setAsked(key)
    if (key && nodes.length < 400) setOpen(old => new Set([...old, ...groupIds(nodes, key)]))
  }
  const seen = useRef(new Set(nodes.map(n => n.id)))
  useEffect(() => {
    // What is new in a small tree is shown; what is gone is forgotten.
    const known = new Set(nodes.map(n => n.id))
    const fresh = [...known].filter(id => !seen.current.has(id))
    seen.current = known
    setPicked(old => ([...old].every(id => known.has(id)) ? old : new Set([...old].filter(id => known.has(id)))))
    if (fresh.length && nodes.length < 400) setOpen(old => new Set([...old].filter(id => known.has(id) || isGroup(id)).concat(fresh)))
  }, [nodes])
  useEffect(() => {
    const watch = new ResizeObserver(() => setHeight(box.current.clientHeight))
    watch.observe(box.current)
    return () => watch.disconnect()
  }, [])
  const rows = useMemo(() => rowsOf(nodes, open, unfolded, filter, only, by), [nodes, open, unfolded, filter, only, by])
  const flip = change => key => change(old => {
    const next = new Set(old)
    next.has(key) ? next.delete(key) : next.add(key)
    return next
  })
  const toggle = flip(setOpen)
  const unfold = flip(setUnfolded)
  const at = rows.findIndex(row => row.node.id === selected)
  const canPick = row => !row.group && !row.run && !isBase(row.node) && mayDelete(row.node)
  const anyPick = useMemo(() => nodes.some(node => !isBase(node) && mayDelete(node)), [nodes])
  const pickAll = some => setPicked(old => new Set([...old, ...some.filter(canPick).map(row => row.node.id)]))
  const pick = (row, range) => {
    const from = rows.findIndex(other => other.node.id === anchor.current)
    const to = rows.indexOf(row)
    if (range && from >= 0) pickAll(rows.slice(Math.min(from, to), Math.max(from, to) + 1))
    else if (canPick(row)) flip(setPicked)(row.node.id)
    anchor.current = row.node.id
  }
  const show = i => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, i))]
    if (!row) return
    select(row.node.id)
    const y = rows.indexOf(row) * ROW
    if (y < box.current.scrollTop) box.current.scrollTop = y
    if (y + ROW > box.current.scrollTop + height) box.current.scrollTop = y + ROW - height
  }
  const key = event => {
    const row = rows[at]
    const page = Math.max(1, Math.floor(height / ROW) - 1)
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }
    if (event.key in moves) {
      if (event.shiftKey) {
        const to = Math.min(rows.length - 1, Math.max(0, at + moves[event.key]))
        pickAll(rows.slice(Math.max(0, Math.min(at, to)), Math.max(at, to) + 1))
      }
      show(at + moves[event.key])
    } else if (event.key === ' ' && row) pick(row, event.shiftKey)
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) pickAll(rows)
    else if (event.key === 'Escape' && picked.size) setPicked(new Set())
    else if (event.key === 'Delete' && picked.size) remove([...picked])
    else if (event.key === 'ArrowRight' && row && !row.leaf && !open.has(row.key)) toggle(row.key)
    else if (event.key === 'ArrowLeft' && row && open.has(row.key)) toggle(row.key)
    else if (event.key === 'ArrowLeft' && row) {
      for (let i = at - 1; i >= 0; i--) if (rows[i].level < row.level) return show(i)
    } else return
    event.preventDefault()
  }
  const from = Math.max(0, Math.floor(top / ROW) - SPARE)
  const shown = rows.slice(from, from + Math.ceil(height / ROW) + 2 * SPARE)
  return html`<section class="card tree-card" aria-label="Chains">
    <div class="tools">
      <input id="filter" type="search" placeholder="Filter" aria-label="Filter by name, UUID or label" value=${filter}
        onInput=${e => setFilter(e.target.value)} />
      <select aria-label="Show" value=${only} onChange=${e => setOnly(e.target.value)}>
        <option value="">All nodes</option><option value="debt">To be merged</option><option value="care">Needs care</option>
      </select>
      ${labels.length > 0 && html`<select id="group" aria-label="Group by" value=${by} onChange=${e => group(e.target.value)}>
        <option value="">By chain</option>${labels.map(key => html`<option key=${key} value=${key}>By ${key}</option>`)}
      </select>`}
      <span class="grow"></span>
      <span class="muted" id="counted" data-shown=${rows.length}>${plural(nodes.length, 'node')}, ${rows.length} shown</span>
      <button id="expand" onClick=${() => setOpen(new Set([...nodes.map(n => n.id), ...(by ? groupIds(nodes, by) : [])]))}>Expand</button>
      <button id="collapse" onClick=${() => { setOpen(new Set()); setUnfolded(new Set()) }}>Collapse</button>
    </div>
    ${picked.size > 0 && html`<div class="picked"><b role="status">${plural(picked.size, 'selected').replace('selecteds', 'selected')}</b>
      <button id="delete-picked" class="danger" onClick=${() => remove([...picked])}>Delete…</button><button id="unpick" onClick=${() => setPicked(new Set())}>Clear</button>
      <span class="grow"></span><small>Space, Shift and arrows, or Ctrl+A select</small></div>`}
    <div class="row head" aria-hidden="true"><span class="name">Node</span><span class="state">State</span>
      <span class="num">Own data</span><span class="num">Size</span><span class="depth">Depth</span></div>
    <div class="tree" role="tree" tabindex="0" aria-multiselectable=${anyPick} aria-label="Chains of disks" aria-activedescendant=${at >= 0 ? 'n-' + selected : undefined}
      ref=${box} onKeyDown=${key} onScroll=${e => setTop(e.target.scrollTop)}>
      <div class="space" role="presentation" style=${'height:' + rows.length * ROW + 'px'}>
        ${shown.map((row, i) => (row.group ? GroupRow : Row)({ row, y: (from + i) * ROW, open, selected, select, toggle, unfold, limit, anyPick, pick: canPick(row) ? pick : null, picked: picked.has(row.node.id) }))}
      </div>
      ${rows.length === 0 && html`<p class="empty">${nodes.length ? 'Nothing fits.' : 'There are no disks yet.'}</p>`}
    </div>
  </section>`
}

function Row({ row, y, open, selected, select, toggle, unfold, limit, anyPick, pick, picked }) {
  const { node, level, run } = row
  const own = run ? run.reduce((sum, n) => sum + n.physicalBytes, 0) : node.physicalBytes
  const depth = run ? run[run.length - 1].depth : node.depth
  const kind = kindOf(node)
  const label = run ? plural(run.length, 'base copy').replace('copys', 'copies') : node.name || (isBase(node) ? 'base copy' : 'without a name')
  return html`<div key=${node.id} id=${'n-' + node.id} role="treeitem" class=${'row' + (selected === node.id ? ' selected' : '') + (isBase(node) ? ' base' : '')}
    aria-level=${level + 1} aria-selected=${selected === node.id} aria-checked=${pick ? picked : undefined} aria-expanded=${row.leaf ? undefined : open.has(row.key)}
    style=${'top:' + y + 'px'} onClick=${e => { select(node.id); if (pick && (e.ctrlKey || e.metaKey || e.shiftKey)) pick(row, e.shiftKey) }} onDblClick=${() => !row.leaf && toggle(row.key)}>
    <span class="name">
      ${anyPick && html`<span class=${'pick' + (pick ? ' can' : '') + (picked ? ' on' : '')} onClick=${e => { if (pick) { e.stopPropagation(); pick(row, e.shiftKey) } }}></span>`}
      <span class="indent" style=${'width:' + level * 16 + 'px'}></span>
      ${row.leaf
        ? html`<span class="twist"></span>`
        : html`<button class="twist" tabindex="-1" aria-label=${open.has(row.key) ? 'Collapse' : 'Expand'}
            onClick=${e => { e.stopPropagation(); toggle(row.key) }}>${open.has(row.key) ? '▾' : '▸'}</button>`}
      <span class=${'glyph ' + kind.split(' ')[0]} title=${kind}></span>
      <span class="label">${label}</span>
      ${run
        ? html`<button class="link" tabindex="-1" onClick=${e => { e.stopPropagation(); unfold(node.id) }}>unfold</button>`
        : html`<span class=${node.name ? 'id named' : 'id'}>${node.id.slice(0, 8)}</span>`}
    </span>
    <span class="state"><${Badges} node=${node} run=${run} /></span>
    <span class="num">${bytes(own)}</span>
    <span class="num">${isBase(node) ? '' : bytes(node.virtualSizeBytes)}</span>
    <span class="depth" title=${depth + ' of ' + limit}><i class=${depth > limit * 0.8 ? 'high' : ''} style=${'width:' + Math.min(100, (100 * depth) / limit) + '%'}></i><b>${depth}</b></span>
  </div>`
}
