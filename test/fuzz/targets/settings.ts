/** Settings of an app, and of the variables. */
import { expect } from 'chai';
import fc from 'fast-check';
import { ImproperlyConfigured, defineSettings, settingsFromEnv, type SettingsInput } from 'axioms-routing-controllers';
import { settingsTable } from '../../../src/core/settings/settings';
import { mutated, names, parsedOrRefused, target, type Target } from '../target';

const secret = 'canary-of-a-secret';
const settingNames = Object.keys(settingsTable);
const variables = Object.values(settingsTable).flatMap(row =>
  'variable' in row && row.variable !== undefined ? [row.variable] : [],
);

const texts = mutated(
  fc.constantFrom(
    'https://issuer.example.com',
    'api',
    'ES256,RS256',
    '300',
    'true',
    'union:a|keys:b',
    '/a/b',
    'a=b,c=1',
  ),
  ',',
  'union:',
  'https://',
  'http://',
  '{"kty":"EC"}',
);
const anything = fc.oneof(
  texts,
  fc.array(texts, { maxLength: 3 }),
  fc.double(),
  fc.boolean(),
  fc.jsonValue({ maxDepth: 2 }),
  fc.dictionary(names, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
);
const inputs = fc
  .tuple(
    fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...settingNames) }, names), anything, {
      maxKeys: 5,
    }),
    fc.boolean(),
  )
  .map(([input, isComplete]) => ({
    ...(isComplete ? { audience: 'api', issuerUrl: 'https://issuer.example.com' } : {}),
    ...input,
    introspectionClientSecret: secret,
  }));

/** Wrong settings prevent the start with a message that names one of them, and shows no secret. */
function checkInput(input: object): void {
  const settings = parsedOrRefused(ImproperlyConfigured, () => messageChecked(() => defineSettings(input)));
  if (settings === undefined) return;
  expect(Object.isFrozen(settings)).to.equal(true);
  expect(settings.audience.concat((settings.issuers ?? []).flatMap(({ audience }) => audience))).not.to.be.empty;
  for (const name of settings.algorithms) expect(name).to.match(/^(?:[RPE]S(?:256|384|512)|Ed(?:DSA|25519))$/);
}

function messageChecked<Output>(act: () => Output): Output {
  try {
    return act();
  } catch (error) {
    expect((error as Error).message).not.to.include(secret);
    throw error;
  }
}

const environments = fc
  .dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...variables) }, names), texts, { maxKeys: 5 })
  .map(env => ({ ...env, AXIOMS_INTROSPECTION_CLIENT_SECRET: secret }));

/** What variables give is what the same input gives. */
function checkVariables(env: NodeJS.ProcessEnv): void {
  const input = parsedOrRefused(ImproperlyConfigured, () => messageChecked(() => settingsFromEnv(env)));
  if (input !== undefined) checkInput(input satisfies SettingsInput);
}

export const settingTargets: readonly Target[] = [
  target('settings: of an app', inputs, checkInput),
  target('settings: of variables', environments, checkVariables),
];
