import { expect } from 'chai';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { IdentityProvider } from '../../../src/microservice/identity-providers/identity-provider';
import type { ProviderOptions } from '../../../src/microservice/identity-providers/provider-options';
import { silentLogger } from '../../issuer/test-issuer';

const clientId = 'c1';
const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';

function define(options: object): IdentityProvider {
  return new IdentityProvider(options as ProviderOptions, { logger: silentLogger });
}

describe('the providers', () => {
  for (const [options, issuer, jwksUrl] of [
    [
      { provider: 'aws', region: 'eu-central-1', userPool: 'eu-central-1_a1B2c3' },
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3',
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3/.well-known/jwks.json',
    ],
    [
      { provider: 'aws', region: 'cn-north-1', userPool: 'cn-north-1_x' },
      'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x',
      'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x/.well-known/jwks.json',
    ],
    [{ provider: 'auth0', domain: 'books.eu.auth0.com' }, 'https://books.eu.auth0.com/', undefined],
    [{ provider: 'okta', domain: 'books.okta.com' }, 'https://books.okta.com', undefined],
    [
      { provider: 'okta', domain: 'books.okta.com', authorizationServer: 'default' },
      'https://books.okta.com/oauth2/default',
      undefined,
    ],
    [{ provider: 'entra', tenant }, `https://login.microsoftonline.com/${tenant}/v2.0`, undefined],
    [
      { provider: 'keycloak', url: 'https://id.example.com/', realm: 'books' },
      'https://id.example.com/realms/books',
      undefined,
    ],
    [{ provider: 'google' }, 'https://accounts.google.com', undefined],
    [{ provider: 'oidc', issuer: 'https://id.example.com/a' }, 'https://id.example.com/a', undefined],
  ] as const)
    it(`${options.provider} is ${issuer}`, () => {
      const { definition } = define({ ...options, clientId, name: undefined });
      expect(definition).to.include({ name: options.provider, issuer });
      expect(definition.jwksUrl).to.equal(jwksUrl);
    });

  it('let Google write its name in two ways, and ask for a domain', () => {
    const google = define({ provider: 'google', clientId, hostedDomain: 'example.com' });
    expect(google.isNamedBy({ iss: 'accounts.google.com' })).to.equal(true);
    expect(google.isNamedBy({ iss: 'http://accounts.google.com' })).to.equal(false);
    expect(google.definition.requiredClaims).to.deep.equal({ hd: 'example.com' });
  });

  it('do not ask Entra for what it never says', () => {
    expect(define({ provider: 'entra', tenant, clientId }).definition.requireVerifiedEmail).to.equal(false);
    expect(define({ provider: 'google', clientId }).definition.requireVerifiedEmail).to.equal(true);
  });

  for (const [what, options, named] of [
    ['an unknown provider', { provider: 'facebook', clientId }, /'facebook'.*aws, auth0/],
    ['no provider', { clientId }, /no identity provider undefined/],
    ["a name of JavaScript's", { provider: 'constructor', clientId }, /'constructor'/],
    ['no client', { provider: 'google' }, /'clientId'.*missing/],
    ['an empty client', { provider: 'google', clientId: '' }, /'clientId'/],
    ['no region', { provider: 'aws', userPool: 'p', clientId }, /'region'.*missing/],
    ['no pool', { provider: 'aws', region: 'eu-central-1', clientId }, /'userPool'.*missing/],
    ['a region that is a host', { provider: 'aws', region: 'evil.example.com/', userPool: 'p', clientId }, /'region'/],
    ['a tenant that is everybody', { provider: 'entra', tenant: 'common', clientId }, /'tenant'.*common/],
    ['an option that is misspelled', { provider: 'google', clientId, linkByEmail: true }, /no option 'linkByEmail'/],
    ["another provider's option", { provider: 'google', clientId, realm: 'x' }, /no option 'realm'/],
    ['text for a boolean', { provider: 'google', clientId, requireVerifiedEmail: 'false' }, /'requireVerifiedEmail'/],
    ['text for a list', { provider: 'google', clientId, trustedAudiences: 'x' }, /'trustedAudiences'/],
    ['an algorithm that proves nothing', { provider: 'google', clientId, algorithms: ['HS256'] }, /HS256/],
    ['plain HTTP', { provider: 'oidc', issuer: 'http://id.example.com', clientId }, /http:\/\/id.example.com/],
    ['a name that is no part of a path', { provider: 'google', clientId, name: '../x' }, /'name'/],
  ] as const)
    it(`stop the start for ${what}`, () => {
      expect(() => define(options)).to.throw(ImproperlyConfigured, named);
    });

  it('do not tell a secret that is wrong', () => {
    expect(() => define({ provider: 'google', clientId, clientSecret: 12345 }))
      .to.throw(ImproperlyConfigured, /'clientSecret'/)
      .with.property('message')
      .that.does.not.contain('12345');
  });
});
