/** Is it an OpenAPI 3.1 document, and does everything in it that is referred to exist? */
import { expect } from 'chai';
import type { OpenApiDocument } from 'axioms-routing-controllers/openapi';
import { referencesIn } from '../../src/openapi/json-schema';

export async function expectValid(document: OpenApiDocument): Promise<void> {
  const validator = await (shared ??= makeValidator());
  // As it is sent.
  const sent = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
  const { valid, errors } = await validator.validate(structuredClone(sent));
  expect(valid, JSON.stringify(errors)).to.equal(true);
  expect(validator.version).to.equal('3.1');
  expect(sent).to.deep.equal(document);
  expect(Object.keys(document.components.schemas)).to.include.members([...new Set(referencesIn(sent))]);
  for (const [path, item] of Object.entries(document.paths)) expectParameters(path, item);
  expectSchemes(document);
}

type Validator = import('@seriousme/openapi-schema-validator').Validator;

// It compiles the schema of OpenAPI, which takes a while.
let shared: Promise<Validator> | undefined;

async function makeValidator(): Promise<Validator> {
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  return new Validator();
}

// Every name in braces has its parameter, required, and once.
function expectParameters(path: string, item: OpenApiDocument['paths'][string]): void {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  for (const { parameters = [], operationId } of Object.values(item)) {
    if (typeof operationId !== 'string') continue;
    const own = parameters.filter(one => one.in === 'path');
    expect(
      own.map(({ name }) => name),
      operationId,
    ).to.have.members(names);
    expect(own.every(({ required }) => required === true)).to.equal(true);
  }
}

function expectSchemes({ paths, components }: OpenApiDocument): void {
  const operations = Object.values(paths)
    .flatMap(item => Object.values(item))
    .filter(({ operationId }) => typeof operationId === 'string');
  const used = operations.flatMap(({ security }) => security.flatMap(entry => Object.keys(entry)));
  expect(Object.keys(components.securitySchemes)).to.include.members([...new Set(used)]);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).to.equal(ids.length);
}
