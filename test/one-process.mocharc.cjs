/** The configuration of one process of `in-parallel.mjs`: that of `npx mocha`, without its list of files. */
const { spec: _, ...others } = require('../.mocharc.json');

module.exports = others;
