/** An app that listens, prints, and keeps the process, where it is imported. */
import { createExpressServer } from 'axioms-routing-controllers';
import { controllers } from './books';

const app = createExpressServer({
  controllers,
  axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false },
});
app.listen(0);
setInterval(() => undefined, 1000);
console.log('Listening');

export default app;
