/** An API that trusts several issuers, each with keys and tokens of its own. */
import 'reflect-metadata';
import type { Express } from 'express';
import request, { type Test } from 'supertest';
import {
  createExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
  type SettingsInput,
} from 'axioms-routing-controllers';
import type { IssuerInput } from '../src/core/settings/settings';
import type { Method } from './api';
import { silentLogger, TestIssuer, audience } from './issuer/test-issuer';

export interface Trust {
  /** Settings of each issuer's own, in order; their number is the number of issuers. */
  readonly each: readonly IssuerInput[];
  readonly controllers: AxiomsServerOptions['controllers'];
  readonly axioms?: SettingsInput;
}

export class SeveralIssuers {
  private constructor(
    readonly issuers: readonly TestIssuer[],
    readonly app: Express,
  ) {}

  static async start({ each, controllers, axioms }: Trust): Promise<SeveralIssuers> {
    const issuers = await Promise.all(each.map(() => TestIssuer.start()));
    const entries = each.map((own, index) => ({ issuerUrl: issuers[index]!.url, audience, ...own }));
    try {
      const settings = { logger: silentLogger, ...axioms, issuers: entries };
      return new SeveralIssuers(issuers, createExpressServer({ controllers, axioms: settings }));
    } catch (error) {
      await Promise.all(issuers.map(issuer => issuer.close()));
      throw error;
    }
  }

  get server(): AxiomsServer {
    return this.app.locals.axioms as AxiomsServer;
  }

  /** Key set and metadata requests to each issuer so far. */
  get requests(): number[] {
    return this.issuers.map(({ server }) => server.requests.length);
  }

  with(token: string, method: Method, path: string): Test {
    return request(this.app)[method](path).set('Authorization', `Bearer ${token}`);
  }

  /** A request with a token of the issuer with this index. */
  as(index: number, claims: object, method: Method, path: string): Test {
    return this.with(this.issuers[index]!.token(claims), method, path);
  }

  async close(): Promise<void> {
    this.server.close();
    await Promise.all(this.issuers.map(issuer => issuer.close()));
  }
}
