/** A request whose target is not a URL is refused before anything is done for it. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { memoryStore } from '../../src/microservice';
import { SignInApp } from '../microservice/sign-in-app';

describe('regression: a target that is not a URL', () => {
  let app: SignInApp;
  let server: Server;

  beforeEach(async () => {
    app = await new SignInApp({ store: memoryStore() }).withUsers();
    server = createServer(app.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.close();
    await app.close();
  });

  async function signInAt(path: string): Promise<{ readonly response: IncomingMessage; readonly body: string }> {
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/json', DPoP: 'a.b.c' };
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path, headers });
    asked.end(JSON.stringify({ username: 'ged', password: 'sparrowhawk' }));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { response, body: await text(response) };
  }

  for (const host of ['x:99999', '256.256.256.256', '1.2.3.4.5'])
    it(`does not make a sign-in at http://${host} fail as an error of the server`, async () => {
      const { response, body } = await signInAt(`http://${host}/auth/sign-in`);
      expect(response.statusCode, body).to.equal(400);
      expect(JSON.parse(body)).to.deep.equal({
        error: 'invalid_request',
        error_description: 'The target of the request is not a valid URL',
      });
      const { headers } = response;
      expect(headers).to.include({ 'content-type': 'application/json', 'cache-control': 'no-store' });
      expect(headers).not.to.have.any.keys('set-cookie', 'www-authenticate');
      expect((await app.users.findByUsername('ged'))?.user['lastLogin']).to.equal(undefined);
      expect(app.logger.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    });
});
