import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import {
  backchannelLogout,
  MemoryDenylist,
  useExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
  type SettingsInput,
} from 'axioms-routing-controllers';
import type { Microservice } from 'axioms-routing-controllers/microservice';
import { TypeOrmUserStore, typeOrmStore } from 'axioms-routing-controllers/microservice/typeorm';
import { serveOpenApi } from 'axioms-routing-controllers/openapi';
import express, { type Express } from 'express';
import { Container } from 'typedi';
import type { DataSource } from 'typeorm';
import { API, API_SCOPES } from './accounts';
import { authorsAt, type Author } from './authors';
import { LOGOUT_PATH } from './authorization-server/back-channel';
import { apiClient, docsClient, signInClientIds } from './authorization-server/clients';
import { controllers, type ControllerClass } from './controllers';
import { addExamples } from './database';
import { listenOn } from './listening';
import { startMicroservice, type MicroservicePlace } from './microservice';
import { ArticleRepository } from './models/article';
import { BookRepository } from './models/book';
import { NoteRepository } from './models/note';
import { servePage } from './page';
import { AccountController, addSessions, SessionController } from './session-login';

export interface ApiOptions {
  readonly port: number;
  readonly issuerUrl: string;
  readonly database: DataSource;
  /** Default: another one for each start, which ends all sessions. */
  readonly secret?: string;
  readonly controllers?: ControllerClass[];
  readonly microservice?: (place: MicroservicePlace) => Microservice;
  /** Settings that are another API's, too. */
  readonly shared?: Pick<SettingsInput, 'throttleStore' | 'denylist' | 'proofStore'>;
}

export interface Api {
  readonly url: string;
  readonly app: Express;
  readonly server: AxiomsServer;
  close(): Promise<void>;
}

export async function startApi(options: ApiOptions): Promise<Api> {
  provideRepositories(options.database);
  const { server, url, close } = await listenOn(options.port);
  const authors = await authorsAt(options.issuerUrl, url, options.database);
  await addExamples(options.database, authors);
  const place = microservicePlace(url, options);
  const microservice = (options.microservice ?? startMicroservice)(place);
  const app = createApi({ ...options, ...place, authors, microservice });
  const { axioms } = app.locals as { axioms: AxiomsServer };
  server.on('request', app);
  return {
    url,
    app,
    server: axioms,
    close: async () => {
      axioms.close();
      await close();
      await microservice.close();
    },
  };
}

function microservicePlace(url: string, { issuerUrl, database, secret, shared }: ApiOptions): MicroservicePlace {
  return {
    url,
    issuerUrl,
    secret: secret ?? randomBytes(32).toString('base64url'),
    users: new TypeOrmUserStore(database),
    store: typeOrmStore({ dataSource: database }),
    denylist: shared?.denylist ?? new MemoryDenylist(),
  };
}

interface ApiPlace extends Pick<MicroservicePlace, 'url' | 'issuerUrl' | 'denylist'> {
  readonly controllers?: ControllerClass[];
  readonly shared?: ApiOptions['shared'];
  readonly microservice: Microservice;
}

export function apiOptions({ issuerUrl, url, denylist, microservice, ...options }: ApiPlace): AxiomsServerOptions {
  return {
    controllers: [
      ...(options.controllers ?? controllers),
      SessionController,
      AccountController,
      ...microservice.controllers,
    ],
    validation: { whitelist: true },
    axioms: {
      issuers: [
        {
          issuerUrl,
          audience: [API, url],
          introspectionClientId: apiClient.client_id,
          introspectionClientSecret: apiClient.client_secret,
        },
        // The API itself: its keys need no HTTP.
        { issuerUrl: url, audience: url, profile: 'rfc9068' },
      ],
      denylist,
      resourceUrl: url,
      dpop: 'allowed',
      // The server turns it off in production.
      explain: true,
      throttleRates: { exports: '3/minute' },
      ...options.shared,
    },
  };
}

function createApi(place: ApiPlace & { database: DataSource; authors: readonly Author[] }) {
  const app = express();
  addSessions(app);
  useExpressServer(app, apiOptions(place));
  app.post(LOGOUT_PATH, backchannelLogout({ clientId: signInClientIds }));
  serveOpenApi(app, {
    info: { title: 'Demo', version: '1.0.0' },
    clientId: docsClient.client_id,
    askedScopes: API_SCOPES,
  });
  return servePage(app, place);
}

export function provideRepositories(database: DataSource) {
  Container.set(ArticleRepository, new ArticleRepository(database));
  Container.set(BookRepository, new BookRepository(database));
  Container.set(NoteRepository, new NoteRepository(database));
}
