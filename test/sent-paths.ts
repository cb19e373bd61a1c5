/** Sends paths exactly as they are given: a client of the URL standard would remove dot segments. */
import { expect } from 'chai';
import type { Application } from 'express';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number | undefined;
  readonly challenge: string | undefined;
  readonly body: string;
}

/** Starts the app for one request, and sends it. */
export async function sendPath(app: Application, path: string, token?: string): Promise<Answer> {
  const server = app.listen(0, '127.0.0.1');
  try {
    await new Promise(resolve => server.once('listening', resolve));
    return await sentTo((server.address() as AddressInfo).port, path, token);
  } finally {
    server.close();
  }
}

function sentTo(port: number, path: string, token?: string): Promise<Answer> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new Promise<Answer>((resolve, reject) => {
    const sent = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, response => {
      let body = '';
      response.on('data', (part: Buffer) => (body += part.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode, challenge: response.headers['www-authenticate'], body });
      });
    });
    sent.on('error', reject);
  });
}

const refusal = {
  error: 'invalid_request',
  error_description:
    'The path must be spelled as its route is: no empty segments, dot segments, encoded slashes or backslashes, the same case of letters, and the same final slash',
};

/** Expects the whole 400 for a path that misses a guard by its spelling. */
export function expectOtherSpelling({ status, challenge, body }: Answer): void {
  expect({ status, ...(JSON.parse(body) as object) }).to.deep.equal({ status: 400, ...refusal });
  expect(challenge).to.equal(undefined);
}

const lacking = 'The access token does not have the scope that this request needs';

/** Expects the whole 403 for a token without the scope `admin`. */
export function expectNotAdmin({ status, challenge, body }: Answer): void {
  expect({ status, ...(JSON.parse(body) as object) }).to.deep.equal({
    status: 403,
    error: 'insufficient_scope',
    error_description: lacking,
  });
  expect(challenge).to.equal(
    `Bearer realm="api", error="insufficient_scope", error_description="${lacking}", scope="admin"`,
  );
}
