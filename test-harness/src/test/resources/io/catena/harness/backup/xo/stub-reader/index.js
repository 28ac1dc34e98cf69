'use strict'
// Stands for a package that is not published: a stream, read piece by piece.
const { readChunk, readChunkStrict, skip, skipStrict } = require('@vates/read-chunk')

module.exports = class StreamReader {
  #stream

  constructor(stream) {
    this.#stream = stream
  }

  read(size) {
    return readChunk(this.#stream, size)
  }

  readStrict(size) {
    return readChunkStrict(this.#stream, size)
  }

  skip(size) {
    return skip(this.#stream, size)
  }

  skipStrict(size) {
    return skipStrict(this.#stream, size)
  }
}
