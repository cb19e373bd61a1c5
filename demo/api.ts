import 'reflect-metadata';
import { useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { serveOpenApi } from 'axioms-routing-controllers/openapi';
import express from 'express';
import { Container } from 'typedi';
import type { DataSource } from 'typeorm';
import { API, API_SCOPES } from './accounts';
import { apiClient, docsClient } from './authorization-server/clients';
import { controllers, type ControllerClass } from './controllers';
import { listenOn } from './listening';
import { ArticleRepository } from './models/article';
import { BookRepository } from './models/book';
import { AccountController, addSessions, SessionController } from './session-login';

export interface ApiOptions {
  readonly port: number;
  readonly issuerUrl: string;
  readonly database: DataSource;
  readonly controllers?: ControllerClass[];
}

export interface Api {
  readonly url: string;
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
    close: () => {
      axioms.close();
      return close();
    },
  };
}

function createApi(url: string, { issuerUrl, ...options }: ApiOptions) {
  const app = express();
  addSessions(app);
  useExpressServer(app, {
    controllers: [...(options.controllers ?? controllers), SessionController, AccountController],
    validation: { whitelist: true },
    axioms: {
      audience: [API, url],
      issuerUrl,
      resourceUrl: url,
      introspectionClientId: apiClient.client_id,
      introspectionClientSecret: apiClient.client_secret,
    },
  });
  return serveOpenApi(app, {
    info: { title: 'Demo', version: '1.0.0' },
    clientId: docsClient.client_id,
    askedScopes: API_SCOPES,
  });
}

function provideRepositories(database: DataSource) {
  Container.set(ArticleRepository, new ArticleRepository(database));
  Container.set(BookRepository, new BookRepository(database));
}
