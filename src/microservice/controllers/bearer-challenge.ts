/** The challenge of a 401 at the microservice's endpoints, which read no Authorization header. */
import type { Request } from 'express';
import { BaseAuthentication } from '../../authentication/base';
import { dpopChallenge } from '../../authentication/possession';
import { contextOf } from '../../authentication/request-context';
import { challenge, writeChallenge } from '../../core/http/challenge';
import { isProofRefused } from '../tokens/dpop-proofs';

/**
 * Ignores the Authorization header, and supplies the challenge that RFC 9110 §15.5.2 requires of a 401: that of DPoP where a
 * proof was refused.
 */
export class BearerChallenge extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate(): null {
    return null;
  }

  override challenges(request: Request): readonly string[] {
    return [isProofRefused(request) ? dpopChallenge : this.authenticateHeader(request)];
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }
}
