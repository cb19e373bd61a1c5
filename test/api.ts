/** An API under test, asked over HTTP. */
import 'reflect-metadata';
import type { Express } from 'express';
import request, { type Test } from 'supertest';
import {
  createExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { TestIssuer } from './issuer/test-issuer';

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';

export type ApiOptions = Omit<AxiomsServerOptions, 'axioms'> & { readonly axioms?: Partial<SettingsInput> };

/** A server of these controllers that trusts an issuer of its own. */
export class Api {
  private constructor(
    readonly issuer: TestIssuer,
    readonly app: Express,
  ) {}

  static async start({ axioms, ...options }: ApiOptions): Promise<Api> {
    const issuer = await TestIssuer.start();
    try {
      return new Api(issuer, createExpressServer({ ...options, axioms: { ...issuer.settings(), ...axioms } }));
    } catch (error) {
      // A server that refuses to start: its issuer would keep the process alive.
      await issuer.close();
      throw error;
    }
  }

  get server(): AxiomsServer {
    return this.app.locals.axioms as AxiomsServer;
  }

  /** A request with a token of these claims; `null`: without a token. */
  as(claims: object | null, method: Method, path: string): Test {
    return this.with(claims === null ? null : this.issuer.token(claims), method, path);
  }

  /** A request with exactly this token. */
  with(token: string | null, method: Method, path: string): Test {
    const test = request(this.app)[method](path);
    return token === null ? test : test.set('Authorization', `Bearer ${token}`);
  }

  async close(): Promise<void> {
    this.server.close();
    await this.issuer.close();
  }
}
