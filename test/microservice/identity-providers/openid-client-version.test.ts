import { expect } from 'chai';
import { requireVersion6 } from '../../../src/microservice/identity-providers/authorization-server';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';

describe('the openid-client that asks an identity provider', () => {
  it('is version 6 or newer', async () => {
    const library = await import('openid-client');
    expect(requireVersion6(library)).to.equal(library);
  });

  it('is refused where it is an older one, which an app may have for itself', () => {
    const older = { Issuer: class {}, Strategy: class {}, generators: {} };
    expect(() => requireVersion6(older)).to.throw(
      ImproperlyConfigured,
      "version 6 or newer of the package 'openid-client'",
    );
  });
});
