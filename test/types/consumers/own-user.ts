/** An app that says what Passport's users are, and that each request has one. */
import type { Request } from 'express';
import { callerOf, type AxiomsRequest } from 'axioms-routing-controllers';
import { exactly } from './exact';

interface Role {
  readonly name: string;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface User {
      id: string;
      roles: Role[];
    }
    interface Request {
      user: User;
    }
  }
}

export function roleOf(request: Request): Role | undefined {
  exactly<Express.User>()(request.user);
  exactly<readonly string[] | undefined>()(callerOf(request).roles);
  return request.user.roles[0];
}

export function subjectOf(request: AxiomsRequest): string | undefined {
  return request.user?.sub;
}
