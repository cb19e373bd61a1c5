/** Where no authentication class was known, answers named the scheme Bearer, although the server accepts DPoP alone. */
import type { Request } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  HasValidAccessToken,
  NotAuthenticated,
  axiomsErrorHandler,
} from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api } from '../api';

@JsonController('/books')
class BookController {
  @Get('/') list() {
    return [];
  }
}

const externalUrl = 'https://api.example.com';
const dpop = 'DPoP algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';
const bearer = 'Bearer realm="api"';

@JsonController('/decided')
class DecidedController {
  declare request: Request;
  get authenticationClasses() {
    return this.request.headers['x-other'] === undefined ? [HasValidAccessToken] : [AccessTokenAuthentication];
  }
  @Get('/') list() {
    return [];
  }
}

for (const [mode, challenges] of [
  ['off', [bearer]],
  ['allowed', [dpop, bearer]],
  ['required', [dpop]],
] as const)
  describe(`With the setting dpop: '${mode}'`, () => {
    it('a plain route without a guard challenges with the schemes that the server accepts', async () => {
      const api = await Api.start({ controllers: [BookController], axioms: { dpop: mode, externalUrl } });
      api.app.get('/plain', () => {
        throw new NotAuthenticated();
      });
      api.app.use(axiomsErrorHandler);
      const { status, headers } = await request(api.app).get('/plain');
      expect([status, headers['www-authenticate']]).to.deep.equal([401, challenges.join(', ')]);
      await api.close();
    });

    it('the OpenAPI document of a route whose classes are decided per request names these schemes', async () => {
      const api = await Api.start({ controllers: [DecidedController], axioms: { dpop: mode, externalUrl } });
      const { get } = (await openApiDocument(api.app)).paths['/decided'] as unknown as { get: Operation };
      expect(get.security.flatMap(Object.keys)).to.deep.equal(challenges.map(one => one.split(' ')[0]?.toLowerCase()));
      await api.close();
    });
  });

interface Operation {
  readonly security: readonly object[];
}
