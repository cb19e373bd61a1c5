/** The API signs its users in itself: short access tokens for the page, refresh tokens in cookies that no script reads. */
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Controller, CurrentUser, Get, JsonController } from 'routing-controllers';
import { AccessTokenUser, AllowAny, createExpressServer } from 'axioms-routing-controllers';
import {
  MemoryUserStore,
  PhcPasswordHasher,
  createMicroservice,
  memoryStore,
} from 'axioms-routing-controllers/microservice';

const port = Number(process.env.PORT ?? 3000);
const issuer = `http://127.0.0.1:${port}`;

@Controller('/')
class PageController {
  permissionClasses = [AllowAny];

  @Get('/')
  page() {
    return readFileSync('page.html', 'utf8');
  }
}

@JsonController('/me')
class MeController {
  @Get('/')
  show(@CurrentUser() { sub, claims }: AccessTokenUser) {
    return { sub, username: claims.username };
  }
}

async function start() {
  const users = new MemoryUserStore();
  await users.create({ username: 'ged', passwordHash: await new PhcPasswordHasher().hash('sparrowhawk') });
  // In production: a secret that survives a restart, and typeOrmStore() or redisStore().
  const microservice = createMicroservice({
    issuer,
    audience: issuer,
    secret: process.env.MICROSERVICE_SECRET ?? randomBytes(32).toString('base64url'),
    users,
    store: memoryStore(),
    customTokenUserAttributes: ['username'],
  });
  const controllers = [...microservice.controllers, PageController, MeController];
  createExpressServer({ controllers, axioms: { issuerUrl: issuer, audience: issuer } }).listen(port);
}

void start();
