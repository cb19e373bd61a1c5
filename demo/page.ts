/** The page at `/`: files, and what their scripts cannot know by themselves. */
import express, { type Express, type RequestHandler, type Response } from 'express';
import { join } from 'node:path';
import type { AxiomsServer } from 'axioms-routing-controllers';
import type { DataSource } from 'typeorm';
import type { Author } from './authors';
import { tokenOf } from './client/tokens';
import { addExamples } from './database';
import { Article } from './models/article';
import { Book } from './models/book';
import { Note } from './models/note';
import { demoData } from './page-data';

export interface PageOptions {
  /** The API's own. */
  readonly url: string;
  readonly issuerUrl: string;
  readonly database: DataSource;
  /** Whose articles there are to try. */
  readonly authors: readonly Author[];
}

// Seen from where the compiler puts this: what is written, and what is compiled.
const folders = [join(__dirname, '../../demo/page/static'), join(__dirname, 'page')];

export function servePage(app: Express, options: PageOptions): Express {
  const { url, issuerUrl } = options;
  const { axioms } = app.locals as { axioms: AxiomsServer };
  app.use('/page', asFreshAnswer);
  app.get('/page/demo.json', (_request, response) => void response.json(demoData(axioms, url, issuerUrl)));
  app.post('/page/examples', async (_request, response) => void response.json(await examplesIn(options)));
  app.post('/page/machine-token', async (_request, response) => {
    response.json({ accessToken: await tokenOf('machine', issuerUrl) });
  });
  const served = { redirect: false, cacheControl: false, setHeaders: asPage(issuerUrl) };
  for (const folder of folders) app.use(express.static(folder, served));
  return app;
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
