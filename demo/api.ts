import 'reflect-metadata';
import {
  backchannelLogout,
  MemoryDenylist,
  useExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { serveOpenApi } from 'axioms-routing-controllers/openapi';
import express from 'express';
import { Container } from 'typedi';
import type { DataSource } from 'typeorm';
import { API, API_SCOPES } from './accounts';
import { LOGOUT_PATH } from './authorization-server/back-channel';
import { apiClient, docsClient, signInClientIds } from './authorization-server/clients';
import { controllers, type ControllerClass } from './controllers';
import { listenOn } from './listening';
import { ArticleRepository } from './models/article';
import { BookRepository } from './models/book';
import { servePage } from './page';
import { AccountController, addSessions, SessionController } from './session-login';

export interface ApiOptions {
  readonly port: number;
  readonly issuerUrl: string;
  readonly database: DataSource;
  readonly controllers?: ControllerClass[];
  /** Settings that are another API's, too. */
  readonly shared?: Pick<SettingsInput, 'throttleStore' | 'denylist'>;
}

export interface Api {
  readonly url: string;
  readonly server: AxiomsServer;
  close(): Promise<void>;
}

export async function startApi(options: ApiOptions): Promise<Api> {
  provideRepositories(options.database);
  const { server, url, close } = await listenOn(options.port);
  const app = createApi(url, options);
  const { axioms } = app.locals as { axioms: AxiomsServer };
  server.on('request', app);
  return {
    url,
    server: axioms,
    close: () => {
      axioms.close();
      return close();
    },
  };
}

interface ApiPlace extends Pick<ApiOptions, 'issuerUrl' | 'controllers' | 'shared'> {
  /** The API's own. */
  readonly url: string;
}

export function apiOptions({ issuerUrl, url, ...options }: ApiPlace): AxiomsServerOptions {
  return {
    controllers: [...(options.controllers ?? controllers), SessionController, AccountController],
    validation: { whitelist: true },
    axioms: {
      audience: [API, url],
      issuerUrl,
      resourceUrl: url,
      introspectionClientId: apiClient.client_id,
      introspectionClientSecret: apiClient.client_secret,
      explain: process.env.NODE_ENV !== 'production',
      throttleRates: { exports: '3/minute' },
      denylist: new MemoryDenylist(),
      ...options.shared,
    },
  };
}

function createApi(url: string, options: ApiOptions) {
  const app = express();
  addSessions(app);
  useExpressServer(app, apiOptions({ ...options, url }));
  app.post(LOGOUT_PATH, backchannelLogout({ clientId: signInClientIds }));
  serveOpenApi(app, {
    info: { title: 'Demo', version: '1.0.0' },
    clientId: docsClient.client_id,
    askedScopes: API_SCOPES,
  });
  return servePage(app, options);
}

export function provideRepositories(database: DataSource) {
  Container.set(ArticleRepository, new ArticleRepository(database));
  Container.set(BookRepository, new BookRepository(database));
}
