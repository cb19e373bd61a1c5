// #region after
import express from 'express';
import {
  axiomsErrorHandler,
  guardApp,
  requireAccessToken,
  type AxiomsRequest,
  type SettingsInput,
} from 'axioms-routing-controllers';

export function createApp(axioms?: SettingsInput) {
  const app = express();
  guardApp(app, axioms);
  app.get('/books', requireAccessToken({ allScopes: ['read:books'] }), (request, response) => {
    response.json({ for: (request as unknown as AxiomsRequest).user?.sub });
  });
  app.delete('/books/:id', requireAccessToken({ allRoles: ['admin'] }), (request, response) => {
    response.json({ removed: request.params.id });
  });
  app.use(axiomsErrorHandler);
  return app;
}
// #endregion after
