/** An app that has Passport, too: its users and ours are one type. */
import type { Request, RequestHandler } from 'express';
import type { PassportStatic } from 'passport';
import { type AccessTokenUser, type AnonymousUser, type AxiomsRequest, type User } from 'axioms-routing-controllers';
import { exactly } from './exact';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface User {
      nickname?: string;
    }
  }
}

export function configure(passport: PassportStatic): void {
  passport.serializeUser<string>((user, done) => {
    exactly<Express.User>()(user);
    exactly<string | undefined>()(user.sub);
    done(null, user.sub);
  });
  passport.deserializeUser<string>((sub, done) => {
    done(null, { sub, isAuthenticated: true, nickname: 'al' });
  });
}

export const handler: RequestHandler = (request, _response, next) => {
  exactly<Express.User | undefined>()(request.user);
  exactly<string | undefined>()(request.user?.nickname);
  if (request.isAuthenticated()) request.logout(next);
};

export function asPassport(user: AccessTokenUser | AnonymousUser): Express.User {
  return user;
}

export function nicknameOf({ user }: AxiomsRequest): string | undefined {
  exactly<boolean | undefined>()(user?.isAuthenticated);
  return user?.nickname;
}

export function assign(request: Request, user: User): void {
  request.user = user;
}
