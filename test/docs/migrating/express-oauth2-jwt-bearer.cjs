// #region before
const express = require('express');
const { auth, claimIncludes, requiredScopes } = require('express-oauth2-jwt-bearer');

exports.createApp = options => {
  const app = express();
  app.use(auth(options)); // { issuerBaseURL, audience }
  app.get('/books', requiredScopes('read:books'), (request, response) => {
    response.json({ for: request.auth.payload.sub });
  });
  app.delete('/books/:id', claimIncludes('roles', 'admin'), (request, response) => {
    response.json({ removed: request.params.id });
  });
  return app;
};
// #endregion before
