/** An app that has written down its own users before, each in one of the usual ways. */
import type { NextFunction, Request, Response } from 'express';
import {
  callerOf,
  requireAccessToken,
  type AxiomsRequest,
  type RequestAuth,
  type User as Caller,
} from 'axioms-routing-controllers';
import { exactly } from './exact';

enum Role {
  Editor = 'editor',
}

/** As a database has it. */
interface User {
  readonly id: number;
  readonly name: string;
}

class Account {
  id = 1n;
  roles = [{ name: Role.Editor }];
  permissions = new Set<string>();
  scopes = 'read write';
}

export interface RequestWithUser extends Request {
  user: User;
}
export interface RequestWithAccount extends Request {
  user?: Account;
}
export interface RequestWithAuth extends Request {
  auth: { readonly userId: number };
}

export function rename(request: RequestWithUser, response: Response, next: NextFunction): void {
  exactly<User>()(request.user);
  response.json({ id: request.user.id });
  next();
}

export function read(request: Request): void {
  exactly<string | undefined>()(request.user?.sub);
  exactly<boolean | undefined>()(request.user?.isAuthenticated);
  exactly<Caller>()(callerOf(request));
  exactly<RequestAuth | null>()((request as AxiomsRequest).auth);
}

export const guard = requireAccessToken({ scopes: ['account'] });
