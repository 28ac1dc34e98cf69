'use strict'
// node look.js DIRECTORY FULL DELTA... : what Xen Orchestra's library makes of a full VHD and the deltas upon it, each upon the
// one before. Prints a JSON document; leaves the chain as one stream in synthetic.vhd, and the deltas merged into the last.
const { createHash } = require('crypto')
const { createReadStream, createWriteStream } = require('fs')
const { pipeline } = require('stream/promises')
const { join } = require('path')
const { Disposable } = require('promise-toolbox')
const { getSyncedHandler } = require('@xen-orchestra/fs')
const { openVhd, checkVhdChain, VhdSynthetic } = require('vhd-lib')
const { mergeVhdChain } = require('vhd-lib/merge.js')
const { parseVhdStream } = require('vhd-lib/parseVhdStream.js')
const validator = require('vhd-lib/vhdStreamValidator.js')

const [directory, ...files] = process.argv.slice(2)
const BLOCK_BYTES = 2 * 1024 * 1024

async function itemsOf(file) {
  const items = {}
  for await (const { type } of parseVhdStream(createReadStream(join(directory, file)))) {
    items[type] = (items[type] ?? 0) + 1
  }
  await pipeline(createReadStream(join(directory, file)), validator, createWriteStream('/dev/null'))
  return items
}

async function digest(vhd) {
  await vhd.readBlockAllocationTable()
  const content = Buffer.alloc(vhd.footer.currentSize)
  for await (const block of vhd.blocks()) {
    block.data.copy(content, block.id * BLOCK_BYTES)
  }
  return createHash('sha256').update(content).digest('hex')
}

async function main() {
  const found = { items: {} }
  for (const file of files) {
    found.items[file] = await itemsOf(file)
  }
  const last = files[files.length - 1]
  await Disposable.use(getSyncedHandler({ url: 'file://' + directory }), async handler => {
    await checkVhdChain(handler, last)
    await Disposable.use(VhdSynthetic.fromVhdChain(handler, last), async vhd => {
      found.synthetic = await digest(vhd)
      await pipeline(vhd.stream(), createWriteStream(join(directory, 'synthetic.vhd')))
    })
    if (files.length > 1) {
      await mergeVhdChain(handler, files, { onProgress() {}, removeUnused: false })
    }
    await Disposable.use(openVhd(handler, last), async vhd => {
      found.merged = await digest(vhd)
      found.mergedType = vhd.footer.diskType
    })
  })
  console.log(JSON.stringify(found))
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
