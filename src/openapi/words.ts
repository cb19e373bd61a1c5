/** Who may, in words. */
import { anonymousAt } from './alternatives';
import type { Asked, Leaf } from './asked';

/**
 * @example
 * inWords(asked(requirement, circumstances)); // any of the scopes `book:read`, `book:all`, and the role `editor`
 */
export function inWords(asked: Asked): string {
  if (asked.kind === 'leaf') return asked.isNegated ? negated(asked.leaf) : plain(asked.leaf);
  const of = asked.kind === 'or' ? withoutImplied(asked.of) : asked.of;
  return of.map(one => (one.kind === 'leaf' ? inWords(one) : `(${inWords(one)})`)).join(`, ${asked.kind} `);
}

// Where anyone may, so may the owner; where whoever is authenticated may, likewise.
function withoutImplied(of: readonly Asked[]): readonly Asked[] {
  const [anyone] = of.filter(one => isLeaf(one, 'anyone'));
  if (anyone !== undefined) return [anyone];
  const somebody = of.find(one => isLeaf(one, 'authenticated'));
  return somebody === undefined ? of : of.filter(one => one === somebody || anonymousAt(one) !== 'no');
}

function isLeaf(asked: Asked, kind: Leaf['kind']): boolean {
  return asked.kind === 'leaf' && asked.leaf.kind === kind && !asked.isNegated;
}

function negated(leaf: Leaf): string {
  if (leaf.kind === 'authenticated') return 'whoever is not authenticated';
  const stillSomebody = leaf.kind === 'custom' || leaf.kind === 'perRequest' ? '' : ' (whoever is authenticated)';
  return `not: ${plain(leaf)}${stillSomebody}`;
}

const singular = { scopes: 'scope', roles: 'role', permissions: 'permission' };

function plain(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'scopes':
    case 'roles':
    case 'permissions':
      return listed(singular[leaf.kind], leaf.values, leaf.match);
    case 'owner':
      return ownerOf(leaf);
    case 'methods':
      return `the methods ${leaf.methods.join(', ')}`;
    case 'custom':
      return `what \`${leaf.name}\` decides`;
    case 'perRequest':
      return 'what is decided per request';
    default:
      return { anyone: 'anyone', nobody: 'nobody', authenticated: 'whoever is authenticated' }[leaf.kind];
  }
}

function listed(noun: string, values: readonly string[], match: 'any' | 'all'): string {
  const names = values.map(value => `\`${value}\``).join(', ');
  return values.length === 1 ? `the ${noun} ${names}` : `${match} of the ${noun}s ${names}`;
}

function ownerOf({ attribute, issuerAttribute }: Extract<Leaf, { kind: 'owner' }>): string {
  const issuer = issuerAttribute === undefined ? '' : `, and its \`${issuerAttribute}\` the issuer`;
  return `the owner of the object (its \`${attribute}\` is the subject of the token${issuer})`;
}
