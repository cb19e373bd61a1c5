import { useExpressServer, axiomsErrorHandler, requireAccessToken, healthMiddleware, AxiomsServer } from 'axioms-routing-controllers';
import express from 'express';

const app = express();
const staff = useExpressServer(app, {
  controllers: ['staff/*.js'],
  routePrefix: '/staff',
  axioms: { audience: 'https://api.example.com/staff', domain: 'staff.example.com' },
}).locals.axioms as AxiomsServer;
const shop = useExpressServer(app, {
  controllers: ['shop/*.js'],
  routePrefix: '/shop',
  axioms: { audience: 'https://api.example.com/shop', domain: 'shop.example.com' },
}).locals.axioms as AxiomsServer;

app.get('/export', requireAccessToken({ scopes: ['export'], server: staff }), (request, response) => {
  response.json([]);
});
app.get('/ready', healthMiddleware({ server: shop }));
app.use(axiomsErrorHandler({ server: staff }));

export {};