import type { DataSource } from 'typeorm';
import { startApi, type Api, type ApiOptions } from './api';
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server';
import { openDatabase, type DatabasePlace } from './database';
import { secretOf } from './secret';

export interface DemoOptions extends Pick<ApiOptions, 'controllers' | 'microservice' | 'shared'> {
  readonly place: DatabasePlace;
  /** Default: any free one. */
  readonly port?: number;
  readonly issuerPort?: number;
}

export interface Demo {
  readonly api: Api;
  /** Of the API, and of a second one where it is started. */
  readonly apiUrls: readonly string[];
  readonly issuer: AuthorizationServer;
  readonly database: DataSource;
  close(): Promise<void>;
}

/** Both servers and the database behind them, in this process. */
export async function startDemo({ place, port = 0, issuerPort = 0, ...options }: DemoOptions): Promise<Demo> {
  const database = await openDatabase(place);
  const issuer = await startAuthorizationServer(issuerPort);
  const secret = await secretOf(place);
  const api = await startApi({ port, issuerUrl: issuer.url, database, secret, ...options });
  issuer.tellLogouts(api.url);
  const close = async () => {
    await api.close();
    await issuer.close();
    await database.destroy();
  };
  return { api, apiUrls: [api.url], issuer, database, close };
}
