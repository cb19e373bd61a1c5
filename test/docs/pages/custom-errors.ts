/** The example of docs/questions/custom-errors.md. */
// #region example
import { IsString } from 'class-validator';
import type { NextFunction, Request, Response } from 'express';
import { Body, HttpError, JsonController, Post } from 'routing-controllers';
import { APIException, createExpressServer, type SettingsInput } from 'axioms-routing-controllers';

class NewOrder {
  @IsString() title!: string;
}

@JsonController('/orders')
class OrderController {
  @Post('/')
  order(@Body() { title }: NewOrder) {
    if (title === 'Tea') throw new HttpError(418, 'I am a teapot');
    return { title };
  }
}

/** An error of class-validator, of which `target` and `value` repeat what the client sent. */
interface Invalid {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
}

function problemOf(error: unknown) {
  if (error instanceof APIException) return { status: error.status, title: error.message, type: error.code };
  if (!(error instanceof HttpError) || error.httpCode >= 500) return { status: 500, title: 'Internal Server Error' };
  const { httpCode: status, message: title, errors } = error as HttpError & { readonly errors?: readonly Invalid[] };
  return { status, title, errors: errors?.map(({ property, constraints }) => ({ property, constraints })) };
}

export function createApp(axioms?: SettingsInput) {
  const app = createExpressServer({ controllers: [OrderController], defaultErrorHandler: false, axioms });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = problemOf(error);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}
// #endregion example
