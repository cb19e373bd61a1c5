/** The example of docs/settings.md. `test/core/settings/unread-variables.test.ts` runs the same. */
// #region example
import { createExpressServer, settingsFromEnv } from 'axioms-routing-controllers';

export function createApp() {
  const axioms = { ...settingsFromEnv(process.env), throttleRates: { user: '100/hour' } };
  return createExpressServer({ controllers: ['controllers/*.js'], axioms });
}
// #endregion example
