/** The page at `/`: files, and what their scripts cannot know by themselves. */
import express, { type Express, type RequestHandler, type Response } from 'express';
import { join } from 'node:path';
import type { AxiomsServer } from 'axioms-routing-controllers';
import type { DataSource } from 'typeorm';
import { API, API_SCOPES, people } from './accounts';
import { pageClient } from './authorization-server/clients';
import type { Author } from './authors';
import { tokenOf } from './client/tokens';
import { addExamples } from './database';
import { providerName } from './microservice';
import { Article } from './models/article';
import { Book } from './models/book';
import { Note } from './models/note';
import { rules } from './rules/table';

export interface PageOptions {
  /** The API's own. */
  readonly url: string;
  readonly issuerUrl: string;
  readonly database: DataSource;
  /** Whose articles there are to try. */
  readonly authors: readonly Author[];
}

// Seen from where the compiler puts this.
const files = join(__dirname, '../../demo/page');

export function servePage(app: Express, options: PageOptions): Express {
  const { issuerUrl } = options;
  const { axioms } = app.locals as { axioms: AxiomsServer };
  app.use('/page', asFreshAnswer);
  app.get('/page/demo.json', (_request, response) => void response.json(demoOf(axioms, options)));
  app.post('/page/examples', async (_request, response) => void response.json(await examplesIn(options)));
  app.post('/page/machine-token', async (_request, response) => {
    response.json({ accessToken: await tokenOf('machine', issuerUrl) });
  });
  return app.use(express.static(files, { redirect: false, cacheControl: false, setHeaders: asPage(issuerUrl) }));
}

const asFreshAnswer: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

/** The page is its own files and talks to this API and its authorization server: to nobody else. */
function asPage(issuerUrl: string): (response: Response) => void {
  const policy = [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'",
    `connect-src 'self' ${issuerUrl}`,
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "require-trusted-types-for 'script'; trusted-types 'none'",
  ].join('; ');
  return response => {
    response.set({ 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' });
    response.set({ 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-cache' });
  };
}

function demoOf({ routes }: AxiomsServer, { url, issuerUrl }: PageOptions) {
  const client = { issuer: issuerUrl, clientId: pageClient.client_id, scopes: API_SCOPES, resource: API };
  const shown = routes.filter(({ path }) => !isOfTheMicroservice(path));
  return { api: url, provider: providerName, client, people, routes: shown.map(described) };
}

/** The page has buttons of their own for these. */
const isOfTheMicroservice = (path: string) => /^\/(auth|\.well-known)\//.test(path);

type RouteRules = AxiomsServer['routes'][number];

/** A route as the server enforces it, and a body that it takes. */
function described(route: RouteRules) {
  const { method = 'GET', path: mounted, place, insisting, authentication, permissions } = route;
  const path = mounted.replace(/\/$/, '');
  // What is decided per request is null in JSON.
  const rules = permissions?.map(rule => rule ?? null) ?? null;
  const filter = route.filter(method);
  return { method, path, handler: place, authentication, insisting, rules, filter, body: bodyFor(method, path) };
}

/** One from the table of rules, with which the request is granted to somebody. */
function bodyFor(method: string, path: string): object | undefined {
  const isForIt = (request: string) => request.replace(/\{\w+'s\}/, ':id') === `${method} ${path}`;
  const granted = rules.find(([request, statuses]) => isForIt(request) && statuses.some(status => status < 300));
  return granted?.[2]?.body;
}

/** What can be asked for by id, of each resource; where somebody deleted it, there is another one. */
async function examplesIn({ database, authors }: PageOptions) {
  await addExamples(database, authors);
  const { manager } = database;
  const [book] = await manager.find(Book, { order: { id: 'ASC' }, take: 1 });
  const ofAuthors = (entity: typeof Article | typeof Note) =>
    Promise.all(
      authors.map(async ({ name, authorIss, authorSub }) => {
        const { id } = await manager.findOneByOrFail<Article | Note>(entity, { authorIss, authorSub });
        return { id, name: `${name}’s` };
      }),
    );
  const [articles, notes] = [await ofAuthors(Article), await ofAuthors(Note)];
  return { books: [{ id: book!.id, name: book!.title }], articles, notes };
}
