// Disks by the value of a label, each with its snapshots. Base copies are nobody's and are left out.
import { html } from './vendor/preact-htm.js'
import { bytes, plural } from './format.js'

const PREFIX = 'group:'

export const isGroup = id => id.startsWith(PREFIX)

export const labelKeys = nodes => [...new Set(nodes.flatMap(node => Object.keys(node.keys || {})))].sort()

export const hasText = (node, wanted) =>
  node.name.toLowerCase().includes(wanted) || node.id.startsWith(wanted) ||
  Object.entries(node.keys || {}).some(([key, value]) => (key + ':' + value).toLowerCase().includes(wanted))

const idOf = value => PREFIX + (value === undefined ? '' : '=' + encodeURIComponent(value))

// A snapshot without the label is where its disk is.
function groups(nodes, key, fits) {
  const known = new Map(nodes.map(node => [node.id, node]))
  const valueOf = node => node.keys?.[key] ?? known.get(node.snapshotOf)?.keys?.[key]
  const all = new Map()
  for (const node of nodes) {
    if (node.hidden || !fits(node)) continue
    const value = valueOf(node)
    if (!all.has(value)) all.set(value, [])
    all.get(value).push(node)
  }
  // Those without the label come last.
  return [...all].sort(([a], [b]) => (a === undefined) - (b === undefined) || String(a).localeCompare(String(b), undefined, { numeric: true }))
}

export const groupIds = (nodes, key) => groups(nodes, key, () => true).map(([value]) => idOf(value))

// Of what is searched everything is shown; nothing can be folded then.
export function groupedRows(nodes, key, open, fits, searched) {
  const rows = []
  const isOpen = id => searched || open.has(id)
  for (const [value, members] of groups(nodes, key, fits)) {
    const here = new Set(members.map(node => node.id))
    const disks = members.filter(node => !here.has(node.snapshotOf))
    const below = new Map(disks.map(disk => [disk.id, []]))
    for (const node of members) below.get(node.snapshotOf)?.push(node)
    const id = idOf(value)
    rows.push({ node: { id }, group: { key, value, members }, level: 0, leaf: searched, key: id })
    if (!isOpen(id)) continue
    for (const disk of disks.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) {
      const snapshots = below.get(disk.id)
      rows.push({ node: disk, level: 1, leaf: searched || snapshots.length === 0, key: disk.id })
      if (isOpen(disk.id)) for (const node of snapshots) rows.push({ node, level: 2, leaf: true, key: node.id })
    }
  }
  return rows
}

export function GroupRow({ row, y, open, selected, select, toggle }) {
  const { key, value, members } = row.group
  const { id } = row.node
  const disks = members.filter(node => !node.snapshotOf)
  const counts = [plural(disks.length, 'disk'), plural(members.length - disks.length, 'snapshot')]
  const sum = (of, field) => bytes(of.reduce((total, node) => total + node[field], 0))
  const shown = row.leaf || open.has(id)
  return html`<div key=${id} id=${'n-' + id} role="treeitem" class=${'row group' + (selected === id ? ' selected' : '')}
    aria-level="1" aria-selected=${selected === id} aria-expanded=${shown} style=${'top:' + y + 'px'}
    onClick=${() => select(id)} onDblClick=${() => !row.leaf && toggle(id)}>
    <span class="name">${row.leaf
      ? html`<span class="twist"></span>`
      : html`<button class="twist" tabindex="-1" aria-label=${shown ? 'Collapse' : 'Expand'}
          onClick=${e => { e.stopPropagation(); toggle(id) }}>${shown ? '▾' : '▸'}</button>`}
      <span class="label">${value === undefined ? 'without ' + key : key + ': ' + (value || 'empty')}</span></span>
    <span class="state muted">${counts.join(', ')}</span>
    <span class="num">${sum(members, 'physicalBytes')}</span><span class="num">${sum(disks, 'virtualSizeBytes')}</span><span class="depth none"></span>
  </div>`
}
