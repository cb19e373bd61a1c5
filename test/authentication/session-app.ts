/** An app with a session login of its own beside the library: express-session, and Passport where a test wants it. */
import express, { type Express, type Request, type RequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import request, { type Test } from 'supertest';
import { useExpressServer, csrfToken, type AxiomsServer, type SettingsInput } from 'axioms-routing-controllers';
import type { Method } from '../api';
import { TestIssuer } from '../issuer/test-issuer';

export interface Account {
  readonly id: number;
  readonly name: string;
  readonly [more: string]: unknown;
}

type WithSession = Request & { session: { user?: unknown; regenerate(done: () => void): void } };

export const accounts: Record<string, Account> = {
  alice: { id: 1, name: 'alice', isStaff: true, sub: 'alice-at-home' },
  bob: { id: 2, name: 'bob', isStaff: false },
  closed: { id: 3, name: 'closed', isActive: false },
  guest: { id: 4, name: 'guest', isAuthenticated: false },
};

export interface SessionAppOptions {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- as routing-controllers has it
  readonly controllers: Function[];
  readonly axioms?: SettingsInput;
  readonly passport?: boolean;
}

export class SessionApp {
  private constructor(
    readonly issuer: TestIssuer,
    readonly app: Express,
  ) {}

  static async start({ controllers, axioms = {}, ...options }: SessionAppOptions): Promise<SessionApp> {
    const issuer = await TestIssuer.start();
    const app = express();
    app.use(session({ secret: 'for a test', resave: false, saveUninitialized: false }));
    if (options.passport === true) addPassport(app);
    else addLogin(app);
    app.get('/csrf', (request, response) => {
      response.json({ token: csrfToken(request, response) });
    });
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), ...axioms } });
    return new SessionApp(issuer, app);
  }

  get server(): AxiomsServer {
    return this.app.locals.axioms as AxiomsServer;
  }

  /** A browser, which keeps its cookies; signed in where a name is given. */
  async browser(name?: string): Promise<Browser> {
    const browser = new Browser(request.agent(this.app));
    if (name !== undefined) await browser.signIn(name);
    return browser;
  }

  async close(): Promise<void> {
    this.server.close();
    await this.issuer.close();
  }
}

export class Browser {
  constructor(private readonly agent: ReturnType<typeof request.agent>) {}

  async signIn(name: string): Promise<void> {
    const { status } = await this.agent.post(`/login/${name}`);
    if (status !== 204) throw new Error(`login answered ${status}`);
  }

  async token(): Promise<string> {
    const { body } = (await this.agent.get('/csrf')) as { body: { token: string } };
    return body.token;
  }

  ask(method: Method, path: string, headers: Record<string, string> = {}): Test {
    return this.agent[method](path).set(headers);
  }
}

function addLogin(app: Express): void {
  app.post('/login/:name', (request, response) => {
    (request as unknown as WithSession).session.regenerate(() => {
      (request as unknown as WithSession).session.user = accounts[request.params.name];
      response.status(204).end();
    });
  });
}

function addPassport(app: Express): void {
  const own = new passport.Passport();
  own.serializeUser((user, done) => {
    done(null, (user as Account).name);
  });
  own.deserializeUser((name: string, done) => {
    done(null, accounts[name]);
  });
  app.use(own.initialize() as RequestHandler, own.session() as RequestHandler);
  app.post('/login/:name', (request, response, next) => {
    // What the session holds is kept over the login: the CSRF secret, too.
    request.logIn(accounts[request.params.name] as object, { session: true, keepSessionInfo: true }, error => {
      if (error) next(error);
      else response.status(204).end();
    });
  });
}
