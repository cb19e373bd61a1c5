/** The example of docs/questions/issuer-down.md. */
// #region example
import { createExpressServer, healthMiddleware, type SettingsInput } from 'axioms-routing-controllers';
import { BookController } from './book-controller';

export function createApp(issuer: SettingsInput) {
  const axioms = {
    ...issuer,
    jwksRefreshInterval: 60 * 60, // the default: keys are refreshed once an hour
    jwksCacheTtl: 8 * 60 * 60, // and serve for eight hours without the issuer; the default is two
  };
  const app = createExpressServer({ controllers: [BookController], axioms });
  app.get('/ready', healthMiddleware());
  return app;
}
// #endregion example
