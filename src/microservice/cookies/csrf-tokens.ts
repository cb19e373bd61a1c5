/** CSRF tokens: one per session, the same for all of its tabs and refreshes, and invalid for any other session. */
import { PermissionDenied } from '../../core/http/exceptions';
import type { RefreshToken } from '../refresh/refresh-token';
import { isSame, type Secrets } from '../secrets';

export class CsrfTokens {
  constructor(private readonly secrets: Secrets) {}

  of({ handle }: RefreshToken): string {
    return this.secrets.hmac('CSRF token', handle).toString('base64url');
  }

  /** @throws PermissionDenied unless the tokens of the cookie, the body and the session are the same */
  check(token: RefreshToken, ofCookie: string | undefined, body: unknown): void {
    const ofBody = csrfTokenOf(body);
    const expected = this.of(token);
    const isRight = ofCookie !== undefined && ofBody !== undefined && isSame(ofCookie, ofBody);
    if (!isRight || !isSame(ofBody, expected)) throw new PermissionDenied('The CSRF token is missing or wrong');
  }
}

function csrfTokenOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'CSRF_token')) return undefined;
  const { CSRF_token: value } = body as { CSRF_token: unknown };
  return typeof value === 'string' ? value : undefined;
}
