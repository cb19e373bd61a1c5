/** Error middleware that no error can reach is a warning at startup. */
import { expect } from 'chai';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import {
  Get,
  JsonController,
  Middleware,
  UseAfter,
  UseBefore,
  getMetadataArgsStorage,
  type UseBefore as Use,
} from 'routing-controllers';
import { AllowAny, useExpressServer, type AxiomsServer, type AxiomsServerOptions } from 'axioms-routing-controllers';
import { RecordingLogger } from '../../issuer/recording-logger';

const axioms = { audience: 'https://api.example.com', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false };

// A server takes the global middlewares of other tests, too, unless it names its own.
class Nothing {
  use: RequestHandler = (_request, _response, next) => {
    next();
  };
}

// Servers of other tests would take these.
function forgetMiddlewares(...classes: readonly unknown[]): void {
  const { middlewares } = getMetadataArgsStorage();
  const others = middlewares.filter(({ target }) => !classes.includes(target));
  middlewares.splice(0, middlewares.length, ...others);
}
afterEach(() => {
  forgetMiddlewares(Nothing, BothClass, ReportingClass);
});

function warningsOf(
  controller: new () => object,
  options: Partial<AxiomsServerOptions> = {},
  prepare: (app: express.Express) => void = () => undefined,
): string {
  const logger = new RecordingLogger();
  const app = express();
  forgetMiddlewares(Nothing);
  (Middleware({ type: 'before' }) as ClassDecorator)(Nothing);
  prepare(app);
  useExpressServer(app, {
    middlewares: [Nothing],
    ...options,
    controllers: [controller],
    axioms: { ...axioms, logger },
  });
  (app.locals.axioms as AxiomsServer).close();
  return logger.text('warn');
}

const passing: RequestHandler = (_request, _response, next) => {
  next();
};
const reporting: ErrorRequestHandler = (error, _request, _response, next) => {
  next(error);
};

class ReportingClass {
  error: ErrorRequestHandler | undefined;
}
ReportingClass.prototype.error = reporting;

class BothClass {
  use(...[, , next]: Parameters<RequestHandler>) {
    next();
  }
  error(...[error, , , next]: Parameters<ErrorRequestHandler>) {
    next(error);
  }
}

/** A controller with these decorators on its only handler. */
function controllerWith(...decorators: ReturnType<typeof Use>[]): new () => object {
  @JsonController('/idle')
  class IdleController {
    permissionClasses = [AllowAny];
    @Get('/') list() {
      return {};
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(IdleController.prototype, 'list') as PropertyDescriptor;
  for (const decorator of [...decorators].reverse())
    (decorator as MethodDecorator)(IdleController.prototype, 'list', descriptor);
  return IdleController;
}

describe('error middleware of @UseBefore', () => {
  const found = 'is never called in front of IdleController.list';

  it('is reported where nothing stands before it', () => {
    expect(warningsOf(controllerWith(UseBefore(reporting)))).to.contain(
      `The error middleware reporting of @UseBefore ${found}`,
    );
    expect(warningsOf(controllerWith(UseBefore(ReportingClass)))).to.contain(`ReportingClass of @UseBefore ${found}`);
  });

  it('is reported where only error middleware stands before it', () => {
    const warnings = warningsOf(controllerWith(UseBefore(ReportingClass), UseBefore(reporting)));
    expect(warnings)
      .to.contain(`ReportingClass of @UseBefore ${found}`)
      .and.contain(`reporting of @UseBefore ${found}`);
  });

  it('is reported where a middleware stands only behind it', () => {
    expect(warningsOf(controllerWith(UseBefore(reporting, passing)))).to.contain(found);
  });

  it('is not reported where a middleware before it can hand on an error', () => {
    expect(warningsOf(controllerWith(UseBefore(passing, reporting)))).to.equal('');
  });

  it('is not reported where it is reached in front of another handler', () => {
    @JsonController('/two')
    class TwoController {
      permissionClasses = [AllowAny];
      @Get('/one') @UseBefore(reporting) one() {
        return {};
      }
      @Get('/two') @UseBefore(passing, reporting) two() {
        return {};
      }
    }
    expect(warningsOf(TwoController)).to.equal('');
  });

  it('is reported once for all handlers of a class', () => {
    @JsonController('/all')
    @UseBefore(reporting)
    class AllController {
      permissionClasses = [AllowAny];
      @Get('/one') one() {
        return {};
      }
      @Get('/two') two() {
        return {};
      }
    }
    expect(warningsOf(AllController).split('\n')).to.have.length(1);
  });

  it('is not reported where the app answers errors itself, and gets refusals there', () => {
    expect(warningsOf(controllerWith(UseBefore(reporting)), { defaultErrorHandler: false })).to.equal('');
  });
});

describe('error middleware of @UseAfter', () => {
  it('is not reported', () => {
    expect(warningsOf(controllerWith(UseAfter(reporting), UseAfter(ReportingClass)))).to.equal('');
  });
});

describe('a middleware class with use() and error()', () => {
  it('is reported once, with the method that is called', () => {
    const warnings = warningsOf(controllerWith(UseBefore(BothClass), UseAfter(BothClass)));
    expect(warnings).to.contain('The middleware class BothClass has use() and error(), and only use() is called');
    expect(warnings.split('\n')).to.have.length(1);
  });

  it('is reported for the whole app', () => {
    (Middleware({ type: 'after' }) as ClassDecorator)(BothClass);
    expect(warningsOf(controllerWith(), { middlewares: [Nothing, BothClass] })).to.contain('only error() is called');
  });
});

describe('error middleware of the app', () => {
  const found = 'The error middleware reporting is never called: nothing is registered before it';

  it('is reported where it is registered first', () => {
    expect(warningsOf(controllerWith(), {}, app => app.use(reporting))).to.contain(found);
  });

  it('is not reported behind other middleware', () => {
    expect(warningsOf(controllerWith(), {}, app => app.use(passing).use(reporting))).to.equal('');
  });

  it('is reported where a class of the type before is the first', () => {
    (Middleware({ type: 'before' }) as ClassDecorator)(ReportingClass);
    const warnings = warningsOf(controllerWith(), { middlewares: [ReportingClass] });
    expect(warnings).to.contain('The error middleware ReportingClass is never called');
  });

  it('is reported without a name where it has none', () => {
    const prepare = (app: express.Express) =>
      app.use((...[error, , , next]: Parameters<ErrorRequestHandler>) => {
        next(error);
      });
    expect(warningsOf(controllerWith(), {}, prepare)).to.equal('');
    const nameless = Object.defineProperty(reporting.bind(undefined), 'name', { value: '' });
    expect(warningsOf(controllerWith(), {}, app => app.use(nameless))).to.contain('(without a name) is never called');
  });
});
