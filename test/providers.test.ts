import 'reflect-metadata';
import type { Express } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  createExpressServer,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { RecordingLogger } from './issuer/recording-logger';
import { signed, silentLogger, TestIssuer } from './issuer/test-issuer';
import { expectRefusal, invalidToken } from './refusal';

@JsonController('/scopes')
class ScopeController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['books.read', 'books/read', 'books:read'];
  @Get('/') read() {
    return { ok: true };
  }
}

@JsonController('/roles')
class RoleController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['editor'];
  @Get('/') read() {
    return { ok: true };
  }
}

@JsonController('/permissions')
class PermissionController {
  permissionClasses = [HasAccessTokenPermissions];
  accessTokenPermissions = ['books:read'];
  @Get('/') read() {
    return { ok: true };
  }
}

@JsonController('/known')
class KnownController {
  @Get('/') read() {
    return { ok: true };
  }
}

interface Token {
  readonly header?: object;
  readonly claims: object;
}

interface Provider {
  readonly name: string;
  /** What the README gives, with an example's names. */
  readonly settings: SettingsInput;
  readonly accessToken: Token;
  /** What that token opens, of /scopes, /roles and /permissions. */
  readonly opens: readonly string[];
  /** Tokens of this provider for other purposes, each with why it is refused. */
  readonly others: Readonly<Record<string, Token & { readonly because: string }>>;
}

const otherKind = 'The token is not an access token';
const otherAudience = 'The access token is for another audience';
const lacksClaim = 'The access token lacks a required claim';
const otherType = 'The token is not of an accepted type';

const cognito = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example01';
const cognitoUser = {
  sub: '5d1e3f6a-0000',
  iss: cognito,
  origin_jti: 'o-1',
  event_id: 'e-1',
  jti: 'j-1',
  auth_time: 1,
};
const entra = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
const entraApi = '99999999-8888-7777-6666-555555555555';
const entraUser = {
  iss: entra,
  aud: entraApi,
  sub: 'aB3_pairwise',
  oid: '00000000-aaaa',
  tid: '11111111-2222-3333-4444-555555555555',
  name: 'Alice',
  preferred_username: 'alice@example.com',
  roles: ['editor'],
  rh: '0.AX',
  uti: 'u',
  ver: '2.0',
};
const keycloak = 'https://id.example.com/realms/books';
const keycloakUser = { iss: keycloak, sub: 'f:1:alice', azp: 'web', sid: 's', acr: '1', jti: 'j', auth_time: 1 };

const providers: Provider[] = [
  {
    name: 'Amazon Cognito',
    settings: {
      issuerUrl: cognito,
      audience: '1example23456789',
      audienceClaims: 'client_id',
      requiredClaims: { token_use: 'access' },
      rolesClaims: 'cognito:groups',
    },
    accessToken: {
      claims: {
        ...cognitoUser,
        client_id: '1example23456789',
        token_use: 'access',
        scope: 'openid books/read',
        'cognito:groups': ['editor'],
        username: 'alice',
        version: 2,
      },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token': {
        claims: {
          ...cognitoUser,
          aud: '1example23456789',
          token_use: 'id',
          'cognito:groups': ['editor'],
          'cognito:username': 'alice',
          email: 'alice@example.com',
          email_verified: true,
        },
        because: otherAudience,
      },
      'ID token with a client_id': {
        claims: { ...cognitoUser, client_id: '1example23456789', token_use: 'id' },
        because: otherKind,
      },
      'access token of another app': {
        claims: { ...cognitoUser, client_id: 'other', token_use: 'access' },
        because: otherAudience,
      },
    },
  },
  {
    name: 'Auth0',
    settings: { issuerUrl: 'https://example.eu.auth0.com/', audience: 'https://api.example.com' },
    accessToken: {
      header: { typ: 'JWT' },
      claims: {
        iss: 'https://example.eu.auth0.com/',
        sub: 'auth0|6553da60a54a',
        aud: ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'],
        azp: 'K1AUPhZq8mRi',
        scope: 'openid profile books:read',
        permissions: ['books:read'],
      },
    },
    opens: ['/scopes', '/permissions'],
    others: {
      'ID token': {
        header: { typ: 'JWT' },
        claims: {
          iss: 'https://example.eu.auth0.com/',
          sub: 'auth0|6553da60a54a',
          aud: 'K1AUPhZq8mRi',
          sid: 's',
          nonce: 'n',
          nickname: 'alice',
        },
        because: otherAudience,
      },
      'access token whose issuer has no slash': {
        header: { typ: 'JWT' },
        claims: { iss: 'https://example.eu.auth0.com', sub: 'auth0|6553da60a54a', aud: 'https://api.example.com' },
        because: 'The access token is from another issuer',
      },
    },
  },
  {
    name: 'Okta',
    settings: {
      issuerUrl: 'https://dev-123.okta.com/oauth2/default',
      audience: 'api://default',
      rolesClaims: 'groups',
    },
    accessToken: {
      claims: {
        ver: 1,
        jti: 'AT.example',
        iss: 'https://dev-123.okta.com/oauth2/default',
        aud: 'api://default',
        sub: 'alice@example.com',
        cid: '0oa1example',
        uid: '00u1example',
        scp: ['openid', 'books.read'],
        groups: ['Everyone', 'editor'],
        auth_time: 1,
      },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token': {
        claims: {
          ver: 1,
          jti: 'ID.example',
          iss: 'https://dev-123.okta.com/oauth2/default',
          aud: '0oa1example',
          sub: '00u1example',
          amr: ['pwd'],
          idp: '00o1example',
          at_hash: 'x',
          auth_time: 1,
        },
        because: otherAudience,
      },
    },
  },
  {
    name: 'Microsoft Entra ID (v2.0), web clients with a secret',
    settings: { issuerUrl: entra, audience: entraApi, requiredClaims: { ver: '2.0', azpacr: '0' } },
    accessToken: {
      header: { typ: 'JWT' },
      claims: { ...entraUser, aio: 'A', azp: '77777777-client', azpacr: '0', scp: 'books.read openid' },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token of the same app registration': {
        header: { typ: 'JWT' },
        claims: { ...entraUser, aio: 'A' },
        because: lacksClaim,
      },
      'ID token of the same app registration, with a nonce': {
        header: { typ: 'JWT' },
        claims: { ...entraUser, aio: 'A', nonce: 'n' },
        because: otherKind,
      },
    },
  },
  {
    name: 'Microsoft Entra ID (v2.0), with the optional claim idtyp',
    settings: { issuerUrl: entra, audience: entraApi, requiredClaims: { ver: '2.0', idtyp: 'user' } },
    accessToken: {
      header: { typ: 'JWT' },
      claims: { ...entraUser, azp: '77777777-client', azpacr: '0', idtyp: 'user', scp: 'books.read' },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token of the same app registration': {
        header: { typ: 'JWT' },
        claims: { ...entraUser },
        because: lacksClaim,
      },
    },
  },
  {
    name: 'Keycloak',
    settings: { issuerUrl: keycloak, audience: 'book-api', rolesClaims: '/realm_access/roles' },
    accessToken: {
      header: { typ: 'JWT' },
      claims: {
        ...keycloakUser,
        typ: 'Bearer',
        aud: ['book-api', 'account'],
        'allowed-origins': ['https://web.example.com'],
        realm_access: { roles: ['offline_access', 'editor'] },
        resource_access: { account: { roles: ['view-profile'] } },
        scope: 'openid books:read',
      },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token': {
        header: { typ: 'JWT' },
        claims: { ...keycloakUser, typ: 'ID', aud: 'web', at_hash: 'x' },
        because: otherAudience,
      },
      'ID token for this audience': {
        header: { typ: 'JWT' },
        claims: { ...keycloakUser, typ: 'ID', aud: ['web', 'book-api'] },
        because: otherKind,
      },
      'logout token for this audience': {
        header: { typ: 'logout+jwt' },
        claims: { ...keycloakUser, typ: 'Logout', aud: 'book-api', events: {} },
        because: otherType,
      },
    },
  },
  {
    name: 'a server with JWT access tokens as in RFC 9068',
    settings: { issuerUrl: 'https://id.example.com', audience: 'https://api.example.com', profile: 'rfc9068' },
    accessToken: {
      header: { typ: 'at+jwt' },
      claims: {
        iss: 'https://id.example.com',
        aud: 'https://api.example.com',
        sub: 'alice',
        client_id: 'web',
        jti: 'j',
        scope: 'books:read',
        roles: ['editor'],
      },
    },
    opens: ['/scopes', '/roles'],
    others: {
      'ID token for this audience': {
        header: { typ: 'JWT' },
        claims: { iss: 'https://id.example.com', aud: 'https://api.example.com', sub: 'alice', nonce: 'n' },
        because: otherType,
      },
    },
  },
];

describe('providers', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    issuer.rotate('provider-key=', { alg: 'RS256' });
  });
  after(() => issuer.close());

  function tokenOf({ header, claims }: Token): string {
    const now = Math.floor(Date.now() / 1000);
    const { alg, kid } = issuer.key;
    return signed({ kid, alg, ...header }, { iat: now, exp: now + 300, ...claims }, issuer.key);
  }

  // The provider's names, and the keys of the issuer on this machine.
  function serverWith(settings: SettingsInput): Express {
    return createExpressServer({
      controllers: [ScopeController, RoleController, PermissionController, KnownController],
      axioms: { ...settings, jwksUrl: issuer.server.jwksUrl, logger: silentLogger },
    });
  }

  for (const { name, settings, accessToken, opens, others } of providers) {
    describe(name, () => {
      let app: Express;
      before(() => {
        app = serverWith(settings);
      });
      after(() => {
        (app.locals['axioms'] as AxiomsServer).close();
      });

      const ask = (token: Token, path: string) =>
        request(app)
          .get(path)
          .set('Authorization', `Bearer ${tokenOf(token)}`);

      for (const path of ['/known', '/scopes', '/roles', '/permissions']) {
        const status = path === '/known' || opens.includes(path) ? 200 : 403;
        it(`answers an access token with ${status} at ${path}`, async () => {
          expect((await ask(accessToken, path)).status).to.equal(status);
        });
      }

      it('gives no right that the token does not have', async () => {
        const claims = Object.fromEntries(
          Object.entries(accessToken.claims).filter(
            ([claim]) =>
              !['scope', 'scp', 'roles', 'groups', 'permissions', 'cognito:groups', 'realm_access'].includes(claim),
          ),
        );
        for (const path of ['/scopes', '/roles', '/permissions'])
          expect((await ask({ ...accessToken, claims }, path)).status).to.equal(403);
      });

      for (const [title, { because, ...token }] of Object.entries(others)) {
        it(`refuses an ${title}`, async () => {
          const response = await ask(token, '/known');
          expect(response.status).to.equal(401);
          expect(response.body).to.deep.equal({ error: 'invalid_token', error_description: because });
        });
      }
    });
  }

  it('Microsoft Entra ID marks nothing: without the required claims its ID token would open', async () => {
    const preset = providers.find(({ name }) => name.startsWith('Microsoft'))!;
    const app = serverWith({ ...preset.settings, requiredClaims: undefined });
    const [idToken] = Object.values(preset.others);
    const response = await request(app)
      .get('/known')
      .set('Authorization', `Bearer ${tokenOf(idToken!)}`);
    expect(response.status).to.equal(200);
    (app.locals['axioms'] as AxiomsServer).close();
  });
});

describe('a token that looks like an ID token', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());

  const dex: SettingsInput = { requiredClaims: { azp: 'web' }, ignoredTokenMarkers: ['at_hash'] };
  const marked = { nonce: 'n', at_hash: 'x', c_hash: 'y' };
  const tokens: [title: string, status: number, header: object, claims: object, more?: SettingsInput][] = [
    ['an ID token with a nonce for this audience', 401, { typ: 'JWT' }, { nonce: 'n' }],
    ['an ID token with a nonce and no typ', 401, { typ: undefined }, { nonce: 'n' }],
    ['an ID token with at_hash and c_hash', 401, { typ: 'JWT' }, { at_hash: 'x', c_hash: 'y' }],
    ['a token with all of them and typ at+jwt', 200, { typ: 'at+jwt' }, marked],
    ['a token with all of them and typ application/at+jwt', 200, { typ: 'application/at+jwt' }, marked],
    ['a token with all of them that Cognito marks', 200, { typ: undefined }, { ...marked, token_use: 'access' }],
    ['a token with all of them that an old Keycloak marks', 200, { typ: 'JWT' }, { ...marked, typ: 'Bearer' }],
    ['an ID token that Keycloak marks', 401, { typ: 'JWT' }, { ...marked, typ: 'ID' }],
    ["Dex's access token", 200, { typ: undefined }, { at_hash: 'x', azp: 'web' }, dex],
    ["Dex's ID token for another client", 401, { typ: undefined }, { at_hash: 'x', azp: 'other' }, dex],
    ["Dex's ID token with a nonce", 401, { typ: undefined }, { at_hash: 'x', azp: 'web', nonce: 'n' }, dex],
  ];
  for (const [title, status, header, claims, more] of tokens)
    it(`is answered with ${status}: ${title}`, async () => {
      const logger = new RecordingLogger();
      const app = createExpressServer({
        controllers: [KnownController],
        axioms: { ...issuer.settings(), ...more, logger },
      });
      const response = await request(app)
        .get('/known')
        .set('Authorization', `Bearer ${issuer.token(claims, header)}`);
      (app.locals['axioms'] as AxiomsServer).close();
      expect(response.status).to.equal(status);
      if (status === 401 && more === undefined) expectRefusal(response, invalidToken(otherKind));
      expect(logger.text('warn').includes('mark ID tokens')).to.equal(more !== undefined);
    });
});
