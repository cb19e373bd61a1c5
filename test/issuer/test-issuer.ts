/** The test kit's issuer, listening. */
import * as kit from 'axioms-routing-controllers/testing';

export { base64url, signatureOver, signed, signingKey, silentLogger } from 'axioms-routing-controllers/testing';
export type { SigningKey } from 'axioms-routing-controllers/testing';

export const audience = 'https://api.example.com';

export class TestIssuer extends kit.TestIssuer {
  static start(): Promise<TestIssuer> {
    return new TestIssuer({ audience }).listen();
  }

  // Tests pass claims on as they come.
  override claims(claims: object = {}): Record<string, unknown> {
    return super.claims(claims as kit.TokenClaims);
  }

  override token(claims: object = {}, header?: object, key?: kit.SigningKey): string {
    return super.token(claims as kit.TokenClaims, header, key);
  }

  get server(): kit.IssuerEndpoints {
    return this.endpoints;
  }
}
