'use strict'
// Stands for a package that is not published and that nothing here calls.
exports.diff = () => {
  throw new Error('not here')
}
