/** The API's options as `axioms routes` reads them: nothing listens, and no database is opened. */
import 'reflect-metadata';
import type { AxiomsServerOptions } from 'axioms-routing-controllers';
import { DataSource } from 'typeorm';
import { apiOptions, provideRepositories } from './api';
import { Article } from './models/article';
import { Book } from './models/book';

export default function options(): AxiomsServerOptions {
  provideRepositories(new DataSource({ type: 'sqljs', entities: [Article, Book] }));
  return apiOptions({ url: 'http://127.0.0.1:3000', issuerUrl: 'http://127.0.0.1:3001' });
}
