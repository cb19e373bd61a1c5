/** Issues access tokens in the profile of RFC 9068. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { RefreshFamily } from '../stores/store';
import type { User } from '../users/user';
import { customClaims, type CallableAttribute } from './custom-claims';
import type { SigningKeys } from './signing-keys';

export interface AccessTokenOptions {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly clientId: string;
  /** In seconds. */
  readonly accessTokenLifetime: number;
  readonly customTokenUserAttributes: readonly string[];
  readonly customTokenCallableAttributes: readonly CallableAttribute[];
}

export interface IssuedAccessToken {
  readonly token: string;
  /** When the token expires, in whole seconds since 1970. */
  readonly expires: number;
}

export class AccessTokens {
  constructor(
    private readonly options: AccessTokenOptions,
    private readonly keys: SigningKeys,
  ) {}

  /**
   * Issues a token for this user and session. It does not outlive the session.
   *
   * @param now the time by the store's clock, in milliseconds since 1970
   */
  async issue(user: User, family: RefreshFamily, now: number): Promise<IssuedAccessToken> {
    const { kid, alg, key } = await this.keys.current();
    const claims = await this.claims(user, family, now);
    // RFC 9068 §2.1: "at+jwt".
    const token = await new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(key);
    return { token, expires: claims.exp };
  }

  // RFC 9068 §2.2. The verifiers of the mirrored project check `token_type` and `user_id`.
  private async claims(user: User, { id: sid, jkt, signedInAt, expiresAt }: RefreshFamily, now: number) {
    const { issuer: iss, audience, clientId, accessTokenLifetime } = this.options;
    const iat = Math.floor(now / 1000);
    return {
      ...(await this.custom(user)),
      iss,
      sub: user.id,
      aud: audience.length === 1 ? audience[0] : [...audience],
      client_id: clientId,
      iat,
      exp: Math.min(iat + accessTokenLifetime, Math.floor(expiresAt / 1000)),
      jti: randomUUID(),
      sid,
      auth_time: Math.floor(signedInAt / 1000),
      token_type: 'access',
      user_id: user.id,
      // RFC 9449 §6.1.
      ...(jkt === null ? {} : { cnf: { jkt } }),
    };
  }

  private custom(user: User): Promise<Record<string, unknown>> {
    const { customTokenUserAttributes, customTokenCallableAttributes } = this.options;
    return customClaims(user, customTokenUserAttributes, customTokenCallableAttributes);
  }
}
