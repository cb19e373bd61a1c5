/** Builds the OpenAPI document of an API, including its rules. */
import type { NamedSecurityScheme } from '../authentication/base';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { handlerOf, type Handler } from '../routing-controllers/start/handlers';
import { scopesAskedFor } from '../core/requirements/scopes';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import { serversOf, type ServerOfApp } from '../routing-controllers/start/serving';
import type { RouteRules } from '../views/start/route-rules';
import { guardedAt, guardedOperation } from './guarded-operation';
import { IssuerEndpoints, type IssuerSignIn } from './issuer-endpoints';
import { componentName } from './json-schema';
import type { InfoObject, OpenApiDocument, ServerObject } from './open-api';
import { describe } from './operation';
import { documentedMethods, Paths } from './path-items';
import { pathTemplates, type PathTemplate } from './paths';
import { refusalSchema, refusalSchemaName } from './refusals';
import { ClassSchemas } from './schemas';
import { SignInSchemes } from './security-schemes';

/** Options of {@link openApiDocument}. */
export interface OpenApiOptions {
  /** Default: `{ title: 'API', version: '1.0.0' }`. */
  readonly info?: InfoObject;
  /** URLs of the API; default: the setting `resourceUrl`, or without it the place of the document. */
  readonly servers?: readonly ServerObject[];
  /** Descriptions of scopes, for users who are asked to grant them. */
  readonly scopes?: Readonly<Record<string, string>>;
}

/**
 * Returns the OpenAPI 3.1 document of every server of this app. Paths, parameters and bodies come from the decorators.
 * `security`, the refusals and the text "Who may: …" come from the rules that the guard enforces. The endpoints for
 * signing in are fetched from the issuers once a day. An issuer that cannot be reached is left out, and tried again
 * after `jwksCooldown`.
 *
 * @throws ImproperlyConfigured if the app has no server.
 * @example
 * const document = await openApiDocument(app, { info: { title: 'Books', version: '1.0.0' } });
 */
export async function openApiDocument(app: object, options: OpenApiOptions = {}): Promise<OpenApiDocument> {
  return buildDocument(await knownServers(app), options);
}

/**
 * Returns the servers of an app, with the endpoints of their issuers.
 *
 * @throws ImproperlyConfigured if the app has no server.
 */
export async function knownServers(app: object): Promise<readonly KnownServer[]> {
  const servers = serversOf(app);
  if (servers.length === 0)
    throw new ImproperlyConfigured(
      'openApiDocument() found no server: hand it the app that createExpressServer made, or that useExpressServer was given.',
    );
  return Promise.all(servers.map(async one => ({ ...one, issuers: await endpointsOf(one.server).find() })));
}

const endpoints = new WeakMap<AxiomsServer, IssuerEndpoints>();

function endpointsOf(server: AxiomsServer): IssuerEndpoints {
  const known = endpoints.get(server) ?? new IssuerEndpoints(server.settings, server.jwksManager);
  endpoints.set(server, known);
  return known;
}

/** A server with the endpoints of its issuers. */
export interface KnownServer extends ServerOfApp {
  readonly issuers: readonly IssuerSignIn[];
}

export function buildDocument(servers: readonly KnownServer[], options: OpenApiOptions): OpenApiDocument {
  const { info = { title: 'API', version: '1.0.0' }, servers: named } = options;
  const collected = new Collected(new SignInSchemes(servers.flatMap(({ issuers }) => issuers)));
  for (const one of servers) collected.add(one);
  const places = named ?? placesOf(servers, Object.keys(collected.paths.items));
  return {
    openapi: '3.1.0',
    info,
    ...(places === undefined ? {} : { servers: places }),
    paths: collected.paths.items,
    components: collected.components(options.scopes ?? {}),
  };
}

// If all paths begin with the path of resourceUrl, which is then the routePrefix, the URL is only its origin. Returns
// nothing for several resources: choosing one would be a guess.
function placesOf(servers: readonly KnownServer[], paths: readonly string[]): readonly ServerObject[] | undefined {
  const [resource, ...others] = new Set(servers.flatMap(({ server }) => server.settings.resourceUrl ?? []));
  if (resource === undefined || others.length > 0) return undefined;
  const { origin, pathname } = new URL(resource);
  const prefix = pathname.replace(/\/+$/, '');
  const isInPaths = paths.length > 0 && paths.every(path => path === prefix || path.startsWith(`${prefix}/`));
  return [{ url: isInPaths ? origin : `${origin}${prefix}` }];
}

/** Collects the parts of a document from one route after another. */
class Collected {
  readonly paths = new Paths();
  readonly #schemas = new ClassSchemas();
  readonly #schemes: NamedSecurityScheme[] = [];
  readonly #scopes = new Map<string, string[]>();

  constructor(private readonly signIns: SignInSchemes) {}

  add(known: KnownServer): void {
    for (const rules of known.server.routes) {
      const handler = handlerOf(rules);
      if (handler === undefined) continue;
      const methods = rules.method === undefined ? documentedMethods : [rules.method];
      for (const template of pathTemplates(handler.path, handler.prefix))
        for (const method of methods) this.#addOperation(known, { rules, handler, template, method });
    }
  }

  components(descriptions: Readonly<Record<string, string>>): OpenApiDocument['components'] {
    const scopes = Object.fromEntries(
      [...this.#scopes].sort().map(([scope, places]) => [scope, descriptions[scope] ?? `For ${shortened(places)}`]),
    );
    const found = this.#schemas.referredToBy(this.paths.items);
    const named = Object.entries(found).map(([name, schema]) => [componentName(name), schema] as const);
    return {
      schemas: { ...Object.fromEntries(named), [refusalSchemaName]: refusalSchema },
      securitySchemes: this.signIns.with(this.#schemes, scopes),
    };
  }

  #addOperation({ server, options, issuers }: KnownServer, { rules, handler, template, method }: Found): void {
    const guarded = guardedAt(rules, handler, method, server);
    const described = describe(handler, template, options, this.#schemas);
    const remarked = { ...described, description: withRemark(described.description, template) };
    const operation = guardedOperation(remarked, guarded, server, this.signIns.namesFor(issuers));
    this.paths.add({
      path: template.path,
      method,
      place: rules.place,
      isForAll: rules.method === undefined,
      operation,
    });
    this.#schemes.push(...guarded.callers.schemes);
    for (const scope of scopesAskedFor(guarded.requirement))
      this.#scopes.set(scope, [...(this.#scopes.get(scope) ?? []), `${method} ${template.path}`]);
  }
}

interface Found {
  readonly rules: RouteRules;
  readonly handler: Handler;
  readonly template: PathTemplate;
  readonly method: string;
}

function withRemark(description: string | undefined, { remark }: PathTemplate): string {
  return [description, remark].filter(Boolean).join('\n\n');
}

function shortened(places: readonly string[]): string {
  const [first, second, third, ...more] = places;
  const named = [first, second, third].filter(Boolean).join(', ');
  return more.length === 0 ? named : `${named} and ${more.length} more`;
}
