import { guardApp, requireAccessToken } from 'axioms-routing-controllers';
import express from 'express';

const app = express();
const server = guardApp(app, { audience: 'https://api.example.com', domain: 'auth.example.com' });
app.post('/mcp', requireAccessToken({ scopes: ['mcp'] }), (request, response) => {
  response.json({});
});
process.once('SIGTERM', () => {
  server.close();
});

export {};