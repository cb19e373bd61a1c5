import 'reflect-metadata';
import { createExpressServer, type AxiomsServer, type AxiomsServerOptions } from 'axioms-routing-controllers';
import { Container } from 'typedi';
import type { DataSource } from 'typeorm';
import { API } from './accounts';
import { controllers, type ControllerClass } from './controllers';
import { listenOn } from './listening';
import { ArticleRepository } from './models/article';
import { BookRepository } from './models/book';

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
  const app = createExpressServer(apiOptions(options));
  const { axioms } = app.locals as { axioms: AxiomsServer };
  const { server, url, close } = await listenOn(options.port);
  server.on('request', app);
  return {
    url,
    close: () => {
      axioms.close();
      return close();
    },
  };
}

export function apiOptions({
  issuerUrl,
  ...options
}: Pick<ApiOptions, 'issuerUrl' | 'controllers'>): AxiomsServerOptions {
  return {
    controllers: options.controllers ?? controllers,
    validation: { whitelist: true },
    axioms: { audience: API, issuerUrl },
  };
}

export function provideRepositories(database: DataSource) {
  Container.set(ArticleRepository, new ArticleRepository(database));
  Container.set(BookRepository, new BookRepository(database));
}
