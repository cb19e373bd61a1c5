/** The configuration of `npm run test:fast`: the rooms that guard a route, one file at a time on each core. */
const { availableParallelism } = require('node:os');
const all = require('../.mocharc.json');

module.exports = {
  ...all,
  spec: ['dist/test/{core,authentication,permissions,views,routing-controllers}/**/*.test.js'],
  parallel: true,
  jobs: availableParallelism(),
};
