/** An API with a microservice in it, on a store, with a clock that a test moves. */
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  createExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import {
  createMicroservice,
  type Microservice,
  type MicroserviceOptions,
  type MicroserviceStore,
} from '../../src/microservice';
import { MemoryUserStore } from '../../src/microservice/users/memory-user-store';
import { PhcPasswordHasher } from '../../src/microservice/users/password-hasher';
import { MemoryDenylist } from '../../src/core/tokens/memory-denylist';
import { FakeTime } from '../issuer/fake-time';
import { RecordingLogger } from '../issuer/recording-logger';
import { Browser } from './browser';

export const issuer = 'https://api.example.com';
export const secret = 'Earthsea-0123456789-abcdefghijklmnopqrstuvwxyz';

/** As cheap as hashing gets: what is tested here is not passwords. */
export const cheapHasher = new PhcPasswordHasher({ scrypt: { ln: 10, r: 1, p: 1 }, argon2: false, concurrency: 8 });

@JsonController('/me')
export class MeController {
  declare request: AxiomsRequest;

  @Get('/')
  me() {
    return this.request.authJwt;
  }
}

const clocks = new WeakMap<object, { clock: () => number }>();

/** A database or Redis has a clock of its own, which no test moves: its store goes by this one. */
export function goBy(clock: () => number, store: MicroserviceStore): void {
  const known = clocks.get(Object(store.now) as object);
  if (known !== undefined) {
    known.clock = clock;
    return;
  }
  const own = { clock };
  const rotate = store.rotateFamily.bind(store);
  store.now = () => Promise.resolve(own.clock());
  store.rotateFamily = ({ deadline: _, ...rotation }) => rotate(rotation);
  clocks.set(store.now, own);
}

export class SignInApp {
  readonly users = new MemoryUserStore();
  readonly time = new FakeTime();
  readonly logger = new RecordingLogger();
  readonly denylist = new MemoryDenylist();
  readonly microservice: Microservice;
  readonly app: Express;

  constructor(options: Pick<MicroserviceOptions, 'store'> & Partial<MicroserviceOptions>, axioms: SettingsInput = {}) {
    const { users, time, logger, denylist } = this;
    denylist.clock = time.clock;
    const clock = options.clock ?? time.clock;
    if (options.store.now !== undefined) goBy(clock, options.store);
    this.microservice = createMicroservice({
      issuer,
      audience: issuer,
      secret,
      users,
      denylist,
      logger,
      passwordHasher: cheapHasher,
      clock: time.clock,
      ...options,
    });
    this.app = createExpressServer({
      controllers: [...this.microservice.controllers, MeController],
      axioms: {
        issuerUrl: options.issuer ?? issuer,
        audience: issuer,
        profile: 'rfc9068',
        denylist,
        logger,
        ...axioms,
      },
    });
    this.server.verifier.clock = time.clock;
  }

  get server(): AxiomsServer {
    return this.app.locals.axioms as AxiomsServer;
  }

  /** With the users ged and tenar. */
  async withUsers(): Promise<this> {
    for (const [username, password] of [
      ['ged', 'sparrowhawk'],
      ['tenar', 'arha'],
    ] as const)
      await this.users.create({
        username,
        passwordHash: await cheapHasher.hash(password),
        email: `${username}@example.com`,
      });
    return this;
  }

  browser(): Browser {
    return new Browser(this.app);
  }

  async idOf(username: string): Promise<string> {
    return (await this.users.findByUsername(username))!.user.id;
  }

  async close(): Promise<void> {
    this.server.close();
    await this.microservice.close();
  }
}
