/** Describes what a rule asks for. */

/**
 * @typedef {{ kind: 'scopes' | 'roles' | 'permissions', match: 'any' | 'all', values: string[] }} Grants
 * @typedef {Grants
 *   | { kind: 'anyone' | 'nobody' | 'authenticated' }
 *   | { kind: 'methods', methods: string[] }
 *   | { kind: 'owner', attribute: string, issuerAttribute?: string }
 *   | { kind: 'custom', name: string }
 *   | { kind: 'and' | 'or', of: Requirement[] }
 *   | { kind: 'not', of: Requirement }} Requirement
 */

const plain = { anyone: 'anyone', nobody: 'nobody', authenticated: 'any authenticated caller' };

/**
 * @param {Requirement | null} requirement `null`: it is known per request only
 * @returns {string}
 */
export function inWords(requirement) {
  if (requirement === null) return 'what is decided per request';
  switch (requirement.kind) {
    case 'scopes':
    case 'roles':
    case 'permissions':
      return grants(requirement);
    case 'methods':
      return `the methods ${requirement.methods.join(', ')}`;
    case 'owner':
      return `the owner (${ownership(requirement)})`;
    case 'custom':
      return `what ${requirement.name} decides`;
    case 'and':
    case 'or':
      return requirement.of.map(inWords).join(`, ${requirement.kind} `);
    case 'not':
      return `not ${inWords(requirement.of)}`;
    default:
      return plain[requirement.kind];
  }
}

/** @param {{ attribute: string, issuerAttribute?: string }} requirement */
function ownership({ attribute, issuerAttribute }) {
  const issuer = issuerAttribute === undefined ? '' : `, ${issuerAttribute} its iss`;
  return `${attribute} is the token’s sub${issuer}`;
}

/** @param {Grants} requirement */
function grants({ kind, match, values }) {
  return values.length === 1 ? `the ${kind.slice(0, -1)} ${values}` : `${match} of the ${kind} ${values.join(', ')}`;
}
