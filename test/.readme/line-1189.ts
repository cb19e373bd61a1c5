import { createExpressServer, healthMiddleware } from 'axioms-routing-controllers';
const app = createExpressServer({
  controllers: ['controllers/*.js'],
  axioms: { audience: 'api', domain: 'auth.example.com' },
});
app.get('/ready', healthMiddleware());

export {};