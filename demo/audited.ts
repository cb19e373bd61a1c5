/** The API's options as `axioms routes` reads them: nothing listens, and no database is opened. */
import 'reflect-metadata';
import { MemoryDenylist, type AxiomsServerOptions } from 'axioms-routing-controllers';
import { memoryStore, MemoryUserStore } from 'axioms-routing-controllers/microservice';
import { DataSource } from 'typeorm';
import { apiOptions, provideRepositories } from './api';
import { startMicroservice } from './microservice';
import { Article } from './models/article';
import { Book } from './models/book';
import { Note } from './models/note';

const place = { url: 'http://127.0.0.1:3000', issuerUrl: 'http://127.0.0.1:3001', denylist: new MemoryDenylist() };

export default function options(): AxiomsServerOptions {
  provideRepositories(new DataSource({ type: 'sqljs', entities: [Article, Book, Note] }));
  const kept = { users: new MemoryUserStore(), store: memoryStore(), secret: 'no request is ever served with this' };
  return apiOptions({ ...place, microservice: startMicroservice({ ...place, ...kept }) });
}
