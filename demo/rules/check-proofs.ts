/** Whether a token that is bound to a key opens what it should with a proof of that key, and nothing without: RFC 9449. */
import { isDeepStrictEqual } from 'node:util';
import type { AuthorizationServer } from '../authorization-server';
import { ProofKey } from '../client/proof-key';
import { personToken } from '../client/tokens';
import type { Caller, Callers } from './callers';
import { answerIn, type Outcome } from './check-rules';
import { answerTo, bearerAndProof } from './expected';

export async function* checkProofs(
  apiUrl: string,
  issuer: AuthorizationServer,
  callers: Callers,
): AsyncGenerator<Outcome> {
  const key = await ProofKey.generate();
  const token = await personToken(issuer.url, 'bob', { key });
  const unbound = (await callers.named('bob')).token ?? '';
  yield* new ProofCheck(apiUrl, key, token).all(unbound);
}

class ProofCheck {
  constructor(
    private readonly url: string,
    private readonly key: ProofKey,
    private readonly token: string,
  ) {}

  async *all(unbound: string) {
    const { url, key, token } = this;
    const target = { method: 'GET', url: `${url}/protected`, token };
    const used = await key.proof(target);
    const another = await ProofKey.generate();
    yield this.#accepted('/protected', 'bob, with a proof', used);
    yield this.#accepted('/vault', 'bob, with a proof', await key.proof({ ...target, url: `${url}/vault` }));
    yield this.#outcome('bob, the same token as Bearer', { scheme: 'Bearer', error: notShown });
    yield this.#outcome('bob, as Bearer with a proof', {
      scheme: 'Bearer',
      proof: await key.proof(target),
      error: notShown,
    });
    yield this.#outcome('bob, without a proof', { error: badProof('is missing') });
    yield this.#outcome('bob, with a used proof', { proof: used, error: badProof('was used before') });
    for (const [flaw, proof, description] of [
      ["another key's", another.proof(target), 'is by another key than the one that the access token is bound to'],
      ["another method's", key.proof({ ...target, method: 'POST' }), 'is for another method'],
      ["another URL's", key.proof({ ...target, url: `${url}/public` }), 'is for another URL'],
      ["another token's", key.proof({ ...target, token: unbound }), 'is for another access token'],
      ['an old', key.proof(target, 120), 'is too old'],
    ] as const)
      yield this.#outcome(`bob, with ${flaw} proof`, { proof: await proof, error: badProof(description) });
    const proof = await key.proof({ ...target, token: unbound });
    yield this.#outcome('bob, with a token that is not bound', { token: unbound, proof, error: notBound });
  }

  async #accepted(path: string, name: string, proof: string): Promise<Outcome> {
    const caller: Caller = { name, scopes: [] };
    const got = answerIn(await this.#send(path, { proof }));
    const expected = answerTo(caller, 200, {}, this.url);
    return { request: `GET ${path}`, caller, expected, got, passed: isDeepStrictEqual(got, expected) };
  }

  async #outcome(name: string, { error, ...sent }: Sent & { error: string }): Promise<Outcome> {
    const got = answerIn(await this.#send('/protected', sent));
    const challenge = bearerAndProof({ [sent.scheme ?? 'DPoP']: error }, this.url);
    const expected = { status: 401, challenge, saysWhenAgain: false };
    const passed = isDeepStrictEqual(got, expected);
    return { request: 'GET /protected', caller: { name, scopes: [] }, expected, got, passed };
  }

  #send(path: string, { scheme = 'DPoP', token = this.token, proof }: Sent): Promise<Response> {
    const headers = new Headers({ authorization: `${scheme} ${token}` });
    if (proof !== undefined) headers.set('dpop', proof);
    return fetch(this.url + path, { headers });
  }
}

interface Sent {
  readonly scheme?: 'Bearer' | 'DPoP';
  readonly token?: string;
  readonly proof?: string;
}

const notShown = errorOf('invalid_token', 'The access token is bound to a key that was not shown');
const notBound = errorOf('invalid_token', 'The access token is not bound to a DPoP key');

function badProof(what: string): string {
  return errorOf('invalid_dpop_proof', `The DPoP proof ${what}`);
}

function errorOf(error: string, description: string): string {
  return `error="${error}", error_description="${description}"`;
}
