/** The challenge of a 401 at the endpoints, where no header field is asked for. */
import type { Request } from 'express';
import { BaseAuthentication } from '../../authentication/base';
import { contextOf } from '../../authentication/request-context';
import { challenge, writeChallenge } from '../../core/challenge';

/** Authenticates nobody: an Authorization header, good or bad, is ignored. RFC 9110 §15.5.2 wants a challenge on each 401. */
export class BearerChallenge extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate(): null {
    return null;
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }
}
