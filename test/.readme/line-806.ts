import { createExpressServer, axiomsErrorHandler, requireAccessToken, NotFound, AxiomsRequest } from 'axioms-routing-controllers';
const app = createExpressServer({ controllers: ['controllers/*.js'] });

app.get('/export', requireAccessToken({ scopes: ['book:export'], allRoles: ['librarian'] }), (request, response) => {
  response.json({ for: (request as unknown as AxiomsRequest).user?.sub });
});
app.get('/nothing', () => {
  throw new NotFound();
});
app.use(axiomsErrorHandler);

export {};