/** An app whose requests have a user of its own type. */
import type { Request } from 'express';
import { ApiController, callerOf, type AxiomsRequest } from 'axioms-routing-controllers';
import { exactly } from './exact';

interface Account {
  readonly id: number;
  readonly roles: readonly { readonly name: string }[];
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      user?: Account;
      auth?: { readonly userId: number };
    }
  }
}

export function idOf(request: Request): number | undefined {
  exactly<Account | undefined>()(request.user);
  exactly<boolean>()(callerOf(request).isAuthenticated);
  return request.user?.id;
}

export class AccountController extends ApiController {
  who() {
    exactly<AxiomsRequest>()(this.request);
    exactly<string | undefined>()(this.request.user?.sub);
    return this.request.auth?.claims?.email;
  }
}
