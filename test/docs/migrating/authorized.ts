// #region before
import type { Express } from 'express';
import { Authorized, Body, CurrentUser, Get, JsonController, Post, createExpressServer } from 'routing-controllers';
import type { Action, RoutingControllersOptions } from 'routing-controllers';

interface Caller {
  readonly sub: string;
  readonly roles: readonly string[];
}

/** Fetches keys, verifies the signature, checks `exp`, `iss`, `aud`, …: some hundred lines of the app. */
type Verify = (header: string | undefined) => Promise<Caller | undefined>;

@JsonController('/books')
class BookController {
  @Authorized()
  @Get('/')
  list(@CurrentUser() user: Caller) {
    return { for: user.sub };
  }

  @Authorized('editor')
  @Post('/')
  create(@Body() book: { title: string }) {
    return { created: book.title };
  }
}

export function createApp(verify: Verify): Express {
  const callerOf = ({ request }: Action) =>
    verify((request as { headers: Record<string, string> }).headers.authorization);
  const options: RoutingControllersOptions = {
    controllers: [BookController],
    currentUserChecker: callerOf,
    authorizationChecker: async (action, roles: string[]) => {
      const caller = await callerOf(action);
      return caller !== undefined && (roles.length === 0 || roles.some(role => caller.roles.includes(role)));
    },
  };
  return createExpressServer(options) as Express;
}
// #endregion before
