import 'reflect-metadata';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  createExpressServer,
  HasAccessTokenRoles,
  type AxiomsServer,
  type Claims,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { grantsOf } from '../../../src/core/tokens/claims';
import { defineSettings } from '../../../src/core/settings/define-settings';
import { pointerMeant } from '../../../src/core/tokens/unreached-claims';
import { RecordingLogger } from '../../issuer/recording-logger';
import { TestIssuer } from '../../issuer/test-issuer';
import { expectExactRefusal, permissionDenied } from '../../refusals';

let calls = 0;

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['editor'];

  @Get('/')
  list() {
    calls++;
    return [];
  }
}

describe('a configured claim that is spelled as a path with dots', () => {
  const warning = 'A configured claim is not in the token, but a claim that its name may mean is';

  it('grants nothing, and is reported once, with the pointer that matches', async () => {
    const issuer = await TestIssuer.start();
    const logger = new RecordingLogger();
    const serve = (rolesClaims: string) =>
      createExpressServer({
        controllers: [BookController],
        axioms: { ...issuer.settings(), rolesClaims, logger },
      });
    const ask = (app: ReturnType<typeof serve>, sub: string) =>
      request(app)
        .get('/books')
        .set('Authorization', `Bearer ${issuer.token({ sub, realm_access: { roles: ['editor'] } })}`);
    const dotted = serve('realm_access.roles');
    for (const sub of ['alice', 'bob', 'carol']) expectExactRefusal(await ask(dotted, sub), permissionDenied);
    expect(calls).to.equal(0);
    const warned = logger.entries.filter(({ message }) => message.startsWith(warning));
    expect(warned.map(({ level, data }) => ({ level, ...(data as object) }))).to.deep.equal([
      {
        level: 'warn',
        issuer: issuer.url,
        setting: 'rolesClaims',
        claim: 'realm_access.roles',
        write: '/realm_access/roles',
      },
    ]);
    const pointed = serve('/realm_access/roles');
    expect((await ask(pointed, 'alice')).status).to.equal(200);
    expect(logger.entries.filter(({ message }) => message.startsWith(warning))).to.have.lengthOf(1);
    for (const app of [dotted, pointed]) (app.locals['axioms'] as AxiomsServer).close();
    await issuer.close();
  });

  function reportsOf(claims: Claims, settings: SettingsInput): unknown[] {
    const logger = new RecordingLogger();
    const own = defineSettings({ audience: 'api', issuerUrl: 'https://idp.example.com', ...settings, logger });
    grantsOf(claims, own);
    grantsOf(claims, own);
    return logger.entries.map(({ data }) => (data as { write: unknown }).write);
  }

  const claims: Claims = { sub: 'alice', org: { roles: ['a'], perms: { x: true }, scopes: 'a b', none: null } };
  for (const [title, settings, expected] of [
    ['a scope claim', { scopeClaims: 'org.scopes' }, ['/org/scopes']],
    ['a permissions claim', { permissionsClaims: 'org.roles' }, ['/org/roles']],
    ['the form keys:', { permissionsClaims: 'keys:org.perms' }, ['keys:/org/perms']],
    [
      'both members of a union',
      { rolesClaims: 'union:org.roles|split:org.scopes' },
      ['/org/roles', 'split:/org/scopes'],
    ],
    ['two settings apart', { rolesClaims: 'org.roles', permissionsClaims: 'org.roles' }, ['/org/roles', '/org/roles']],
    ['no claim that is there', { rolesClaims: '/org/roles', scopeClaims: '/org/scopes' }, []],
    ['no claim that nothing matches', { rolesClaims: ['org.other', 'x.y', 'roles'] }, []],
    ['no claim that is null', { rolesClaims: 'org.none' }, []],
    ['no later claim than the first that is present', { scopeClaims: ['/org/scopes', 'org.roles'] }, []],
  ] as readonly (readonly [string, SettingsInput, readonly string[]])[])
    it(`is reported for ${title}`, () => {
      expect(reportsOf(claims, settings)).to.deep.equal(expected);
    });

  const keycloak: Claims = {
    realm_access: { roles: ['a'] },
    resource_access: { 'my.client.id': { roles: ['b'] }, my: { other: 1 }, 'a/b~c': { roles: ['c'] } },
    'kubernetes.io': { namespace: 'ns' },
    list: ['x'],
    text: 'x',
  };
  for (const [name, pointer] of [
    ['realm_access.roles', '/realm_access/roles'],
    ['realm_access/roles', '/realm_access/roles'],
    ['/realm_access.roles', '/realm_access/roles'],
    ['$.realm_access.roles', '/realm_access/roles'],
    ['.realm_access.roles', '/realm_access/roles'],
    ['resource_access.my.client.id.roles', '/resource_access/my.client.id/roles'],
    ['resource_access/a/b~c/roles', '/resource_access/a~1b~0c/roles'],
    ['kubernetes.io.namespace', '/kubernetes.io/namespace'],
    ['realm_access.role', undefined],
    ['realm_access.roles.0', undefined],
    ['realm_accessroles', undefined],
    ['realm_access:roles', undefined],
    ['realm_access..roles', undefined],
    ['list.length', undefined],
    ['text.length', undefined],
    ['realm_access.constructor', undefined],
    ['realm_access.__proto__', undefined],
    ['https://example.com/roles', undefined],
    ['.', undefined],
    ['/', undefined],
  ] as const)
    it(`${JSON.stringify(name)} ${pointer === undefined ? 'means no claim' : `means ${pointer}`}`, () => {
      expect(pointerMeant(keycloak, name)).to.equal(pointer);
    });
});
