/** A process with servers of routing-controllers itself: `node stock-process.js SCENARIO`. What it warns of goes to stderr. */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import type { Express } from 'express';
import { Get, JsonController, createExpressServer as stockServer } from 'routing-controllers';
import request from 'supertest';
import type * as Library from 'axioms-routing-controllers';
import type * as Decorators from 'axioms-routing-controllers/decorators';
import type * as Throttling from 'axioms-routing-controllers/throttling';

@JsonController('/one')
class OneController {
  @Get('/') list() {
    return { ok: true };
  }
}

@JsonController('/two')
class TwoController {
  @Get('/') list() {
    return { ok: true };
  }
}

// Each scenario says when the library is loaded.
const load = createRequire(__filename);

const audience = 'https://api.example.com';

function library(): typeof Library {
  return load('axioms-routing-controllers') as typeof Library;
}

function serveOurs(controllers: (new () => object)[], axioms: object = {}): Express {
  return library().createExpressServer({
    controllers,
    axioms: { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, ...axioms },
  });
}

function serveStock(...controllers: (new () => object)[]): Express {
  return stockServer({ controllers }) as Express;
}

function close({ locals }: Express): void {
  (locals.axioms as Library.AxiomsServer).close();
}

async function get(app: Express, path: string): Promise<void> {
  console.log((await request(app).get(path)).status);
}

function say(start: () => unknown): void {
  try {
    start();
    console.log('started');
  } catch (error) {
    console.log((error as Error).message);
  }
}

const scenarios: Readonly<Record<string, () => unknown>> = {
  alone() {
    library();
    serveStock(OneController);
    serveStock(TwoController);
  },
  'end at once'() {
    library();
    serveStock(OneController);
    process.exit(0);
  },
  async 'requests and later servers'() {
    library();
    const app = serveStock(OneController);
    await get(app, '/one');
    await get(app, '/one');
    await get(serveStock(TwoController), '/two');
  },
  'time alone'() {
    library();
    serveStock(OneController);
    // As a listening server does: the process goes on, and its end is not what brings the warning.
    setInterval(() => undefined, 60_000);
    const { warn } = console;
    console.warn = (...said: unknown[]) => {
      warn(...said);
      process.kill(process.pid, 'SIGKILL');
    };
  },
  'ours before'() {
    close(serveOurs([OneController, TwoController]));
    serveStock(OneController, TwoController);
  },
  'ours after'() {
    serveStock(OneController);
    library();
    serveStock(TwoController);
    close(serveOurs([OneController, TwoController]));
  },
  async 'ours after a wait'() {
    library();
    serveStock(OneController);
    await new Promise(resolve => setTimeout(resolve, 1));
    close(serveOurs([OneController]));
  },
  'ours beside'() {
    library();
    serveStock(OneController, TwoController);
    close(serveOurs([TwoController]));
  },
  async 'ours with a logger'() {
    const silent = (): void => undefined;
    const logger = { debug: silent, info: silent, error: silent, warn: silent };
    const ours = serveOurs([TwoController], { logger });
    await get(serveStock(OneController), '/one');
    close(ours);
  },
  async expected() {
    const app = serveStock(OneController);
    const ours = serveOurs([TwoController], { stockServers: 'expected' });
    await get(app, '/one');
    class Rules extends OneController {
      permissionClasses = [];
    }
    JsonController('/rules')(Rules);
    say(() => serveStock(Rules));
    close(ours);
  },
  'an audit'() {
    library().auditRoutes({
      controllers: [OneController],
      axioms: { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false },
    });
    serveStock(OneController);
  },
  'a server of ours that does not start'() {
    library();
    serveStock(OneController);
    say(() => serveOurs([OneController], { defaultPermissionClasses: [class Wrong {}] }));
  },
  'the decorators alone'() {
    const { hasRequiredScopes } = load('axioms-routing-controllers/decorators') as typeof Decorators;
    @JsonController('/decorated')
    class DecoratedController {
      @Get('/') @hasRequiredScopes('a') list() {
        return { ok: true };
      }
    }
    say(() => serveStock(DecoratedController));
    serveStock(OneController);
  },
  'the throttles alone'() {
    const { AnonRateThrottle } = load('axioms-routing-controllers/throttling') as typeof Throttling;
    @JsonController('/throttled')
    class ThrottledController {
      throttleClasses = [AnonRateThrottle];
      @Get('/') list() {
        return { ok: true };
      }
    }
    say(() => serveStock(ThrottledController));
    serveStock(OneController);
  },
  'without the library'() {
    serveStock(OneController);
  },
};

const [, , name = ''] = process.argv;
void scenarios[name]?.();
