import { createExpressServer } from 'axioms-routing-controllers';
import { createMicroservice, PhcPasswordHasher } from 'axioms-routing-controllers/microservice';
import {
  IdentityEntity,
  TypeOrmUserStore,
  typeOrmStore,
  UserEntity,
  userMigrations,
} from 'axioms-routing-controllers/microservice/typeorm';
import { DataSource } from 'typeorm';

const issuer = 'https://api.example.com';
const url = 'postgres://app@db.example.com/app';
const database = new DataSource({
  type: 'postgres',
  url,
  entities: [UserEntity, IdentityEntity],
  migrations: [...userMigrations],
});

async function start(secret: string) {
  await database.initialize();
  await database.runMigrations();
  const users = new TypeOrmUserStore(database);
  await users.create({ username: 'ged', passwordHash: await new PhcPasswordHasher().hash('sparrowhawk') });
  const microservice = createMicroservice({
    issuer,
    audience: issuer,
    secret,
    users,
    store: typeOrmStore({ url, schema: 'sign_in' }),
    idp: { provider: 'aws', region: 'eu-central-1', userPool: 'eu-central-1_a1B2c3', clientId: '4f5g6h' },
    customTokenUserAttributes: ['email'],
  });
  return createExpressServer({
    controllers: [...microservice.controllers],
    axioms: { issuerUrl: issuer, audience: issuer },
  });
}

export {};