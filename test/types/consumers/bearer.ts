/** An app that has express-oauth2-jwt-bearer, too: its `request.auth` stays its own. */
import type { Request } from 'express';
import { auth, type AuthResult } from 'express-oauth2-jwt-bearer';
import { type AxiomsRequest, type RequestAuth } from 'axioms-routing-controllers';
import { exactly } from './exact';

export const guard = auth({ audience: 'https://api.example.com', issuerBaseURL: 'https://auth.example.com' });

export function theirs(request: Request): string | undefined {
  exactly<AuthResult | undefined>()(request.auth);
  return request.auth?.token;
}

export function ours(request: AxiomsRequest): string | undefined {
  exactly<RequestAuth | null>()(request.auth);
  return request.auth?.token;
}
