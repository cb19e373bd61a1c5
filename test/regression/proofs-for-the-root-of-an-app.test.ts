/**
 * Behind a proxy that takes a prefix away, the app's `/` is the prefix itself. A proof for `/mcp` was refused, because only
 * `/mcp/` was taken for the URL of that request.
 */
import { expect } from 'chai';
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { ran } from '../cli/terminal';
import { TestIssuer, audience } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';

let handled = 0;

@JsonController()
class ToolController {
  @Get('/') root() {
    handled++;
    return {};
  }
  @Get('/tools') tools() {
    handled++;
    return {};
  }
}

const description = 'The DPoP proof is for another URL';
const refusal = {
  status: 401,
  challenges: [
    `DPoP error="invalid_dpop_proof", error_description="${description}", algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"`,
  ],
  error: 'invalid_dpop_proof',
  description,
};

for (const externalUrl of ['https://api.example.com/mcp', 'https://api.example.com/mcp/'])
  describe(`regression: the root of an app at ${externalUrl}`, () => {
    let issuer: TestIssuer;
    let app: Express;
    let client: TestClient;

    beforeEach(async () => {
      issuer = await TestIssuer.start();
      const axioms = { ...issuer.settings(), dpop: 'required' as const, externalUrl };
      app = createExpressServer({ controllers: [ToolController], axioms });
      client = new TestClient(issuer, { externalUrl });
      handled = 0;
    });
    afterEach(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

    async function asked(path: string, url: string): Promise<Response> {
      const token = client.token();
      const proof = client.proof({ method: 'GET', url, token });
      return request(app).get(path).set('Authorization', `DPoP ${token}`).set('DPoP', proof);
    }

    for (const url of [
      'https://api.example.com/mcp',
      'https://api.example.com/mcp/',
      'https://api.example.com/mcp?a=b',
    ])
      it(`takes a proof for ${url}`, async () => {
        expect((await asked('/', url)).status).to.equal(200);
        expect((await asked('/?a=b', url)).status).to.equal(200);
        expect(handled).to.equal(2);
      });

    for (const [path, url] of [
      ['/', 'https://api.example.com/'],
      ['/', 'https://api.example.com'],
      ['/', 'https://api.example.com/mcp//'],
      ['/', 'https://api.example.com/mcp/tools'],
      ['/', 'https://api.example.com/mcpx'],
      ['/tools', 'https://api.example.com/mcp'],
      ['/tools', 'https://api.example.com/mcp/'],
      ['/tools', 'https://api.example.com/mcp/tools/'],
    ] as const)
      it(`refuses a proof for ${url} at ${path}`, async () => {
        expectExactRefusal(await asked(path, url), refusal);
        expect(handled).to.equal(0);
      });

    for (const [url, called] of [
      ['https://api.example.com/mcp', '/'],
      ['https://api.example.com/mcp/', '/'],
      ['https://api.example.com/mcp', 'https://api.example.com/mcp'],
      ['https://api.example.com/mcp/', 'https://api.example.com/mcp'],
    ] as const)
      it(`has no complaint of the doctor about a proof for ${url}, sent to ${called}`, async () => {
        const token = client.token();
        const proof = client.proof({ method: 'GET', url, token });
        const env = { AXIOMS_AUDIENCE: audience, AXIOMS_ISS_URL: issuer.url, AXIOMS_DPOP: 'allowed' };
        const { exitCode, out } = await ran(
          ['doctor', '--token', '-', '--proof', '-', '--method', 'get', '--url', called],
          { env: { ...env, AXIOMS_EXTERNAL_URL: externalUrl }, input: `${token}\n${proof}\n` },
        );
        expect([exitCode, out.match(/^✗.*$/gm)]).to.deep.equal([0, null]);
      });
  });
