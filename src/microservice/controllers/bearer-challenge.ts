/** The challenge of a 401 at the microservice's endpoints, which read no Authorization header. */
import type { Request } from 'express';
import { BaseAuthentication } from '../../authentication/base';
import { contextOf } from '../../authentication/request-context';
import { challenge, writeChallenge } from '../../core/http/challenge';

/** Ignores the Authorization header, and supplies the challenge that RFC 9110 §15.5.2 requires of a 401. */
export class BearerChallenge extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate(): null {
    return null;
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }
}
