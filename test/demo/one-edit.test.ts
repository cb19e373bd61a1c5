/** One scope is edited in a controller of the demo, in its source: everything that tells of the rule changes with it. */
import { expect } from 'chai';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Container } from 'typedi';
import ts from 'typescript';
import { auditRoutes, type RouteAudit } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import type { ControllerClass } from '../../demo/controllers';
import { BookRepository } from '../../demo/models/book';
import { Api } from '../api';

const root = resolve(__dirname, '../../..');
const source = resolve(root, 'demo/controllers/book-controller.ts');
const original = "list: ['book:read']";

/** What each of them says of `GET /books`, whose rule is edited. */
interface Told {
  /** Statuses by the scope of the token. */
  readonly enforcement: Readonly<Record<string, number>>;
  /** The challenge of the 403. */
  readonly challenge: string;
  /** The operation's `security`, and whether signing in offers the scopes. */
  readonly openApi: { readonly security: unknown; readonly offered: readonly string[] };
  /** RFC 9728. */
  readonly metadata: readonly string[];
  /** The rule as the audit describes it, and as `auditRoutes` does from the options that create such a server. */
  readonly audit: readonly string[];
}

describe('one edit in a controller of the demo', () => {
  let before: Told;
  let after: Told;
  const scopes = ['book:read', 'book:browse'] as const;

  it('starts from a demo that asks for book:read', async () => {
    before = await told(compiled(original));
    expect(before).to.deep.equal({
      enforcement: { 'book:read': 200, 'book:browse': 403 },
      challenge: challengeFor('book:read'),
      openApi: {
        security: [{ oauth2: ['book:read'] }, { bearer: ['book:read'] }],
        offered: ['book:create', 'book:delete', 'book:publish', 'book:read', 'book:update'],
      },
      metadata: ['book:create', 'book:delete', 'book:publish', 'book:read', 'book:update'],
      audit: ['the scope book:read', 'the scope book:read'],
    });
  });

  it('changes enforcement, the challenge, the OpenAPI document, the metadata and the audit together', async () => {
    after = await told(compiled("list: ['book:browse']"));
    const known = ['book:browse', 'book:create', 'book:delete', 'book:publish', 'book:read', 'book:update'];
    expect(after).to.deep.equal({
      enforcement: { 'book:read': 403, 'book:browse': 200 },
      challenge: challengeFor('book:browse'),
      openApi: { security: [{ oauth2: ['book:browse'] }, { bearer: ['book:browse'] }], offered: known },
      metadata: known,
      audit: ['the scope book:browse', 'the scope book:browse'],
    });
    for (const output of Object.keys(before) as (keyof Told)[])
      expect(after[output], output).not.to.deep.equal(before[output]);
  });

  function challengeFor(scope: string): string {
    return `Bearer realm="api", error="insufficient_scope", error_description="The access token does not have the scope that this request needs", scope="${scope}", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"`;
  }

  /** The controller of the edited source, compiled as the demo is. */
  function compiled(edited: string): ControllerClass {
    const text = readFileSync(source, 'utf8');
    expect(text.split(original), 'the scope that is edited stands there once').to.have.lengthOf(2);
    const { config } = ts.readConfigFile(resolve(root, 'tsconfig.json'), name => ts.sys.readFile(name)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
    const { outputText } = ts.transpileModule(text.replace(original, edited), {
      compilerOptions: { ...options, module: ts.ModuleKind.CommonJS, moduleResolution: undefined, sourceMap: false },
      fileName: basename(source),
    });
    return loaded(outputText);
  }

  // Beside the compiled original, so that it finds what that imports.
  function loaded(javaScript: string): ControllerClass {
    const file = resolve(root, `dist/demo/controllers/edited-${process.pid}-${Math.random()}.js`);
    writeFileSync(file, javaScript);
    try {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the file has just been written
      return (require(file) as { BookController: ControllerClass }).BookController;
    } finally {
      rmSync(file);
    }
  }

  async function told(controller: ControllerClass): Promise<Told> {
    Container.set(BookRepository, { find: () => Promise.resolve([]) });
    const resourceUrl = 'https://api.example.com';
    const api = await Api.start({ controllers: [controller], axioms: { resourceUrl } });
    const { url, server } = api.issuer;
    server.metadata = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
    try {
      return {
        enforcement: await enforcement(api),
        challenge: await challenge(api),
        openApi: await openApi(api),
        metadata: await metadata(api),
        audit: [api.server.audit(), auditRoutes({ controllers: [controller], axioms: api.issuer.settings() })].map(
          ruleOf,
        ),
      };
    } finally {
      await api.close();
      Container.remove(BookRepository);
    }
  }

  function ruleOf(routes: readonly RouteAudit[]): string {
    return routes.find(({ method, handler }) => method === 'GET' && handler.endsWith('.list'))!.rule;
  }

  async function enforcement(api: Api): Promise<Told['enforcement']> {
    const statuses = scopes.map(async scope => [scope, (await api.as({ scope }, 'get', '/books')).status] as const);
    return Object.fromEntries(await Promise.all(statuses));
  }

  async function challenge(api: Api): Promise<string> {
    const response = await api.as({ scope: 'another' }, 'get', '/books');
    expect(response.status).to.equal(403);
    return response.headers['www-authenticate'] ?? '';
  }

  async function openApi(api: Api): Promise<Told['openApi']> {
    const { paths, components } = await openApiDocument(api.app);
    const { authorizationCode } = components.securitySchemes['oauth2']!['flows'] as Record<string, { scopes: object }>;
    return { security: paths['/books']!['get']!.security, offered: Object.keys(authorizationCode!.scopes) };
  }

  async function metadata(api: Api): Promise<readonly string[]> {
    const response = await api.as(null, 'get', '/.well-known/oauth-protected-resource');
    return (response.body as { scopes_supported: string[] }).scopes_supported;
  }
});
