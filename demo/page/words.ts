/** Writes what a permission needs, in the words of the audit. */

export interface Grants {
  readonly kind: 'scopes' | 'roles' | 'permissions';
  readonly match: 'any' | 'all';
  readonly values: readonly string[];
}

export type Requirement =
  | Grants
  | { readonly kind: 'anyone' | 'nobody' | 'authenticated' | 'dpop' }
  | { readonly kind: 'methods'; readonly methods: readonly string[] }
  | { readonly kind: 'owner'; readonly attribute: string; readonly issuerAttribute?: string }
  | { readonly kind: 'custom'; readonly name: string }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Requirement[] }
  | { readonly kind: 'not'; readonly of: Requirement };

/** @param method that of the request: a requirement for other methods is left out */
export function inWords(requirement: Requirement, method: string): string {
  switch (requirement.kind) {
    case 'scopes':
    case 'roles':
    case 'permissions':
      return grants(requirement);
    case 'methods':
      return `only ${requirement.methods.join(', ')}`;
    case 'owner':
      return `the owner (${[requirement.attribute, requirement.issuerAttribute].filter(Boolean).join(', ')})`;
    case 'and':
    case 'or':
      return joined(requirement.kind, requirement.of, method);
    case 'not':
      return `not (${inWords(requirement.of, method)})`;
    case 'dpop':
      return 'a token bound to a DPoP key';
    case 'custom':
      return requirement.name;
    default:
      return requirement.kind;
  }
}

function joined(operator: 'and' | 'or', parts: readonly Requirement[], method: string): string {
  const left = parts.filter(part => operator === 'and' || part.kind !== 'methods' || part.methods.includes(method));
  const texts = left.map(part => {
    const text = inWords(part, method);
    return left.length > 1 && 'of' in part ? `(${text})` : text;
  });
  return texts.join(` ${operator} `);
}

function grants({ kind, match, values }: Grants): string {
  const names = values.join(', ');
  return values.length === 1 ? `the ${kind.slice(0, -1)} ${names}` : `${match} of the ${kind} ${names}`;
}
