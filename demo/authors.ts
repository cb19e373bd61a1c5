import type { DataSource } from 'typeorm';
import { people } from './accounts';
import { addGed, ged } from './users';

/** Somebody, and who they are in a token. */
export interface Author {
  readonly name: string;
  readonly authorIss: string;
  readonly authorSub: string;
}

/** Who has something from the start: the people of the authorization server, and the API's own user. */
export async function authorsAt(issuerUrl: string, apiUrl: string, database: DataSource): Promise<Author[]> {
  const theirs = people.map(name => ({ name, authorIss: issuerUrl, authorSub: name }));
  return [...theirs, { name: ged.name, authorIss: apiUrl, authorSub: await addGed(database) }];
}
