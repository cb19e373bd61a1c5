import { createExpressServer, backchannelLogout, AxiomsServer } from 'axioms-routing-controllers';
import { Redis } from 'ioredis';
import { RedisDenylist } from 'axioms-routing-controllers/redis';

const denylist = new RedisDenylist(new Redis('redis://localhost'));
const app = createExpressServer({
  controllers: ['controllers/*.js'],
  axioms: { audience: 'https://api.example.com', domain: 'auth.example.com', denylist },
});
app.post('/backchannel-logout', backchannelLogout({ clientId: 'books', server: app.locals.axioms as AxiomsServer }));

async function logOutEverywhere(iss: string, sub: string) {
  await denylist.revoke({ iss, sub, before: Date.now() / 1000 });
}

export {};