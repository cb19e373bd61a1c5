/** What the page cannot know by itself: the callers, the routes, and what the rules say to each caller. */
import type { AxiomsServer, RouteAudit } from 'axioms-routing-controllers';
import { accounts, API, API_SCOPES, type Account } from './accounts';
import { pageClient } from './authorization-server/clients';
import { foresee, type Foreseen, type Verdict } from './foresight';
import { providerName } from './microservice';
import { rules } from './rules/table';
import { ged, newcomer } from './users';

/** The callers of the matrix, by the name of their column. */
const callers: Readonly<Record<string, Omit<Foreseen, 'method'>>> = {
  anonymous: {},
  bob: { account: accounts.bob },
  'bob+key': { account: accounts.bob, isProven: true },
  alice: { account: accounts.alice },
  'alice+key': { account: accounts.alice, isProven: true },
  machine: { account: accounts.machine },
  user: { account: ged },
  newcomer: { account: newcomer },
};

export function demoData(server: AxiomsServer, url: string, issuerUrl: string) {
  const audits = server.audit().filter(({ path }) => !isOfTheMicroservice(path));
  return {
    api: url,
    provider: providerName,
    client: { issuer: issuerUrl, clientId: pageClient.client_id, scopes: API_SCOPES, resource: API },
    user: { name: ged.name, password: ged.password },
    callers: [
      { id: 'anonymous', name: 'anonymous', kind: 'none', summary: 'sends no token' },
      { id: 'bob', name: 'bob', kind: 'person', summary: summaryOf(accounts.bob) },
      { id: 'alice', name: 'alice', kind: 'person', summary: summaryOf(accounts.alice) },
      { id: 'machine', name: 'machine', kind: 'machine', summary: 'client credentials' },
      { id: 'user', name: ged.name, kind: 'user', summary: 'user of the API itself' },
    ],
    routes: byResource(audits).map(audit => described(audit, server)),
  };
}

function summaryOf({ roles }: Account): string {
  return roles.join(', ');
}

/** In the order of the table of rules, and reads before writes. */
function byResource(audits: readonly RouteAudit[]): readonly RouteAudit[] {
  const inTable = rules.map(([request]) => request.split('/')[1]);
  const resources = new Set([...inTable, ...audits.map(({ path }) => path.split('/')[1])]);
  return [...resources].flatMap(resource => {
    const own = audits.filter(({ path }) => path.split('/')[1] === resource);
    return own.sort((one, other) => methods.indexOf(one.method) - methods.indexOf(other.method));
  });
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The page has a form for these. */
const isOfTheMicroservice = (path: string) => /^\/(auth|\.well-known)\//.test(path);

function described(audit: RouteAudit, { routes }: AxiomsServer) {
  const { method, handler, rule, filter, requirement } = audit;
  const path = audit.path.replace(/\/$/, '');
  const asked = routes.find(route => route.method === method && route.path === audit.path);
  const permissions =
    asked?.arePermissionsKnown === true ? asked.leaves.map(({ constructor }) => constructor.name) : null;
  const foreseen: Record<string, Verdict> = {};
  for (const [name, caller] of Object.entries(callers)) foreseen[name] = foresee(requirement, { ...caller, method });
  return { method, path, handler, rule, permissions, filter, foreseen, body: bodyFor(method, path) };
}

/** One from the table of rules, with which the request is granted to a caller. */
function bodyFor(method: string, path: string): object | undefined {
  const isForIt = (request: string) => request.replace(/\{\w+'s\}/, ':id') === `${method} ${path}`;
  const granted = rules.find(([request, statuses]) => isForIt(request) && statuses.some(status => status < 300));
  return granted?.[2]?.body;
}
