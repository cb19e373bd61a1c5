/** The tokens that the test of the provider pages sends, and their answers: of test/providers/shapes.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source';
import { table } from './table';

/** The names of the settings on each page of docs/providers. */
export const providerPages: Readonly<Record<string, readonly string[]>> = {
  auth0: ['auth0'],
  cognito: ['cognito'],
  duende: ['duende'],
  entra: ['entra', 'entraDaemons', 'entraV1', 'entraTenants'],
  'github-actions': ['githubActions'],
  google: ['googleServiceAccount'],
  keycloak: ['keycloak', 'keycloakMachines'],
  kubernetes: ['kubernetes'],
  okta: ['okta'],
  ping: ['pingOne', 'pingFederate'],
  zitadel: ['zitadel'],
};

interface Sent {
  readonly provider: string;
  readonly why: string;
  readonly grants: Readonly<Record<string, readonly string[]>>;
}

interface Refused {
  readonly provider: string;
  readonly title: string;
  readonly because: string;
}

const { shapes, refused } = JSON.parse(readFileSync(join(root, 'test/providers/shapes.json'), 'utf8')) as {
  readonly shapes: readonly Sent[];
  readonly refused: readonly Refused[];
};

/** Returns the table of the tokens that are sent to servers with these settings. */
export function tokensOf(names: readonly string[]): string {
  const isOurs = ({ provider }: { readonly provider: string }): boolean => names.includes(provider);
  const accepted = shapes
    .filter(isOurs)
    .map(({ provider, why, grants }) => [`\`${provider}\``, why, `accepted${grantsIn(grants)}`]);
  const others = refused
    .filter(isOurs)
    .map(({ provider, title, because }) => [`\`${provider}\``, title, `401, _${because}_`]);
  return table(['settings', 'token', 'answer'], [...accepted, ...others]);
}

function grantsIn(grants: Sent['grants']): string {
  const texts = Object.entries(grants).map(([kind, values]) => `${kind} ${values.map(one => `\`${one}\``).join(', ')}`);
  const withValues = texts.filter(text => text.includes('`'));
  return withValues.length === 0 ? '' : `; ${withValues.join('; ')}`;
}
