import type { AccountName, Person } from './accounts';
import { microserviceClient } from './authorization-server/clients';
import { idTokenOf, tokenOf } from './client/tokens';
import { limitsAndLogouts } from './curl-limits';
import type { Demo } from './demo';
import { Article } from './models/article';
import { examples } from './rules/table';
import { ged } from './users';

export interface Attempt {
  readonly what: string;
  /** The origin; default: the API's. */
  readonly at?: string;
  readonly path: string;
  readonly as?: AccountName;
  readonly token?: string;
  readonly cookie?: string;
  readonly method?: string;
  readonly body?: object;
  readonly form?: URLSearchParams;
}

/** Lines to paste into a shell, each with a fresh token. */
export async function requestsToTry(demo: Demo): Promise<string> {
  const lines = (await attempts(demo)).map(async attempt => `# ${attempt.what}\n${await curl(demo, attempt)}`);
  return (await Promise.all(lines)).join('\n\n');
}

async function attempts(demo: Demo): Promise<Attempt[]> {
  const [alices, bobs] = [await articleOf(demo, 'alice'), await articleOf(demo, 'bob')];
  const change = { method: 'PATCH', body: { text: 'A better text.' } };
  const idToken = await idTokenOf(demo.issuer.url, 'alice', microserviceClient);
  const addition = { method: 'POST', path: '/books', body: examples.books! };
  return [
    { what: 'Anybody reads what is public: 200', path: '/public' },
    { what: 'An anonymous caller reads what is protected: 401', path: '/protected' },
    { what: 'bob reads the books: 200', path: '/books', as: 'bob' },
    { what: 'bob adds a book: 403, and the challenge names the scope that he lacks', as: 'bob', ...addition },
    { what: 'The machine adds a book: 201', as: 'machine', ...addition },
    { what: 'alice changes her article: 200', path: alices, as: 'alice', ...change },
    { what: "alice changes bob's article: 403", path: bobs, as: 'alice', ...change },
    { what: 'ged signs in at the API itself: 200, with an access token and two cookies', ...signIn },
    { what: "alice's ID token is exchanged for an access token of the API's: 200", ...exchange(idToken) },
    ...(await limitsAndLogouts(demo)),
  ];
}

const signIn = {
  method: 'POST',
  path: '/auth/sign-in/',
  body: { username: ged.name, password: ged.password },
};

function exchange(idToken: string) {
  return { method: 'POST', path: '/auth/social-exchange/', body: { id_token: idToken } };
}

async function articleOf({ database, issuer }: Demo, authorSub: Person): Promise<string> {
  const { id } = await database.manager.findOneByOrFail(Article, { authorIss: issuer.url, authorSub });
  return `/articles/${id}`;
}

async function curl({ api, issuer }: Demo, attempt: Attempt): Promise<string> {
  const { at = api.url, path, as, method = 'GET', cookie, body, form } = attempt;
  const token = as === undefined ? attempt.token : await tokenOf(as, issuer.url);
  const parts = ['curl -i', method === 'GET' ? '' : `-X ${method}`, at + path];
  if (body) parts.push(`-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`);
  if (form) parts.push(`-H 'Content-Type: application/x-www-form-urlencoded' -d '${form.toString()}'`);
  if (cookie) parts.push(`-H 'Cookie: ${cookie}'`);
  if (token) parts.push(`-H 'Authorization: Bearer ${token}'`);
  return parts.filter(Boolean).join(' ');
}
