/** The API's own users, and what its own access tokens say of them. */
import { PhcPasswordHasher, type User } from 'axioms-routing-controllers/microservice';
import { TypeOrmUserStore } from 'axioms-routing-controllers/microservice/typeorm';
import type { DataSource } from 'typeorm';
import type { Account } from './accounts';

/** Has a password here, and no account at the authorization server. */
export const ged = {
  name: 'ged',
  // Known to everybody who reads this: it is a demo.
  password: 'sparrowhawk',
  email: 'ged@api.demo.example',
  scopes: ['openid', 'profile', 'book:read', 'shelf:read'],
  roles: ['editor'],
  permissions: ['sample:read'],
} as const satisfies Account & Record<'name' | 'password' | 'email', string>;

/** A user who signed in at the authorization server. The API decides what they may do here, not that server. */
export const newcomer: Account = { scopes: ['openid', 'book:read'], roles: [], permissions: [] };

/** The claims that the rules of the controllers look at. */
export function grantsOf({ username }: User): Account {
  return username === ged.name ? ged : newcomer;
}

/** Makes ged where he is missing. Returns his id, which is the `sub` of his tokens. */
export async function addGed(database: DataSource): Promise<string> {
  const users = new TypeOrmUserStore(database);
  const known = await users.findByUsername(ged.name);
  if (known !== undefined) return known.user.id;
  const passwordHash = await new PhcPasswordHasher().hash(ged.password);
  return (await users.create({ username: ged.name, email: ged.email, passwordHash })).id;
}
