/** routing-controllers' index as it is installed here. */
const upstream = require('routing-controllers');
const { withNestedQueries } = require('./nested-queries.cjs');

module.exports = {
  ...upstream,
  createExpressServer: options => withNestedQueries(upstream.createExpressServer(options)),
};
