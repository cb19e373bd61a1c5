/** Maps the columns of a table of users. */
import type { EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { User } from './user';

/**
 * The names of the entity's properties, if they differ from these; `null` if the entity has no such property. `id` and
 * `username` are required.
 */
export interface UserColumns {
  readonly id?: string;
  readonly username?: string;
  /** Without it, no user can sign in with a password. */
  readonly passwordHash?: string | null;
  /** Without it, every user is active. */
  readonly isActive?: string | null;
  readonly email?: string | null;
  readonly lastLogin?: string | null;
  readonly givenName?: string | null;
  readonly familyName?: string | null;
}

type Name = keyof UserColumns;

export type Row = Record<string, unknown>;

const required: readonly Name[] = ['id', 'username', 'passwordHash', 'isActive'];
const optional: readonly Name[] = ['email', 'lastLogin', 'givenName', 'familyName'];

/** Converts rows to users and back. */
export class ColumnsOfUsers {
  readonly #property = new Map<string, string>();
  readonly #all: readonly string[];

  /** @throws ImproperlyConfigured if the entity lacks a named or required property */
  constructor(
    private readonly metadata: EntityMetadata,
    named: UserColumns,
  ) {
    this.#all = metadata.columns.map(({ propertyName }) => propertyName);
    for (const name of required) this.#take(name, named[name] === undefined ? name : named[name]);
    for (const name of optional) this.#take(name, named[name] ?? (this.#isDefault(name, named) ? name : null));
    this.#refuseOtherKey();
  }

  /** Returns the entity's name for a property. */
  of(name: Name): string | undefined {
    return this.#property.get(name);
  }

  /** Returns the user of a row, without the hash of the password, whatever its column is called. */
  toUser(row: Row): User {
    const passwordHash = this.of('passwordHash');
    const attributes = Object.fromEntries(Object.entries(row).filter(([name]) => name !== passwordHash));
    const named = [...this.#property]
      .filter(([name]) => name !== 'passwordHash')
      .map(([name, own]) => [name, row[own]]);
    const isActive = this.of('isActive');
    return Object.freeze({
      ...attributes,
      ...(Object.fromEntries(named) as object),
      id: String(row[this.of('id') ?? '']),
      username: String(row[this.of('username') ?? '']),
      isActive: isActive === undefined || row[isActive] === true,
    });
  }

  /** Returns a row with the attributes that the table has columns for. */
  toRow(attributes: Row): Row {
    const renamed = Object.entries(attributes).map(
      ([name, value]) => [this.#property.get(name) ?? name, value] as const,
    );
    return Object.fromEntries(renamed.filter(([name, value]) => value !== undefined && this.#all.includes(name)));
  }

  #take(name: Name, property: string | null): void {
    if (property === null) return;
    if (!this.#all.includes(property))
      throw new ImproperlyConfigured(
        `The entity ${this.metadata.name} has no column '${property}' for '${name}' of a user: name the property in the option 'columns' of TypeOrmUserStore.`,
      );
    this.#property.set(name, property);
  }

  #isDefault(name: Name, named: UserColumns): boolean {
    return named[name] === undefined && this.#all.includes(name);
  }

  #refuseOtherKey(): void {
    const keys = this.metadata.primaryColumns.map(({ propertyName }) => propertyName);
    if (keys.length !== 1 || keys[0] !== this.of('id'))
      throw new ImproperlyConfigured(
        `The primary key of ${this.metadata.name} is (${keys.join(', ')}); TypeOrmUserStore needs it to be the one column that its option 'columns' names as 'id'.`,
      );
  }
}
