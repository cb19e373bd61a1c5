/** routing-controllers' index, with the servers of this library: what an app gets that changes its import. */
const upstream = require('routing-controllers');
const { AllowAny, createExpressServer, useExpressServer } = require('../../dist/src');
const { withNestedQueries } = require('./nested-queries.cjs');

const silent = () => undefined;

// Upstream's tests have no tokens, and the rules of the library are not theirs.
const axioms = {
  audience: 'https://api.example.com',
  jwksUrl: 'http://127.0.0.1:1/jwks.json',
  jwksPrefetch: false,
  defaultAuthenticationClasses: [],
  defaultPermissionClasses: [AllowAny],
  logger: { debug: silent, info: silent, warn: silent, error: silent },
};

module.exports = {
  ...upstream,
  createExpressServer: options => withNestedQueries(createExpressServer(withControllers(options))),
  useExpressServer: (app, options) => useExpressServer(app, withControllers(options)),
};

// Without a list upstream serves every controller that is loaded; the library asks for one.
function withControllers(options = {}) {
  const loaded = upstream.getMetadataArgsStorage().controllers.map(({ target }) => target);
  return { controllers: loaded, ...options, axioms };
}
