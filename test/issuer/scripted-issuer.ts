/** The test kit's issuer over HTTP, with a key from the start. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { IssuerEndpoints, type IssuerMode, type Jwk } from 'axioms-routing-controllers/testing';

export { keysPath, oauthPath, oidcPath, type IssuerMode as Mode, type Jwk } from 'axioms-routing-controllers/testing';

export const ok: IssuerMode = { is: 'ok' };
export const down: IssuerMode = { is: 'status', status: 500 };

export interface IssuerKey {
  readonly jwk: Jwk;
  readonly privateKey: KeyObject;
}

/** An EC P-256 key pair with its JWK, whose members are a test's to choose. */
export function makeKey(kid: string, members: Jwk = { alg: 'ES256', use: 'sig' }): IssuerKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, ...members }, privateKey };
}

export class ScriptedIssuer extends IssuerEndpoints {
  override keys: Jwk[] = [makeKey('k1').jwk];

  static start(): Promise<ScriptedIssuer> {
    return new ScriptedIssuer().listen();
  }
}
