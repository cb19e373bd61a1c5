/** Holds the arrows of the design: which room may import which, and where each package of others is at home. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { posix } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

/** What each room may import; itself, always. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  authentication: ['core'],
  permissions: ['core', 'authentication'],
  throttling: ['core', 'authentication', 'permissions'],
  views: ['core', 'authentication', 'permissions', 'throttling'],
  decorators: ['core', 'authentication', 'permissions', 'throttling', 'views'],
  'routing-controllers': ['core', 'authentication', 'permissions', 'throttling', 'views'],
  openapi: ['core', 'authentication', 'permissions', 'views', 'routing-controllers'],
  microservice: ['core', 'authentication', 'throttling', 'views', 'routing-controllers'],
  redis: ['core', 'throttling'],
  opentelemetry: ['core'],
  prometheus: ['core'],
  testing: ['core', 'authentication', 'permissions', 'views', 'routing-controllers'],
  cli: [
    'core',
    'authentication',
    'permissions',
    'throttling',
    'views',
    'routing-controllers',
    'openapi',
    'microservice',
  ],
  // The root never loads what is optional.
  'index.ts': ['core', 'authentication', 'permissions', 'views', 'routing-controllers'],
};

/** An app may load one of these subpaths and nothing else, and its rules must be seen all the same. */
const entries: Readonly<Record<string, string>> = {
  'decorators/index.ts': '../routing-controllers/tripwire',
  'throttling/index.ts': '../routing-controllers/tripwire',
};

const binding = ['routing-controllers', 'microservice', 'openapi'];

/** The rooms where a package of others is at home. */
const homes: Readonly<Record<string, readonly string[]>> = {
  jose: ['core', 'microservice'],
  'lru-cache': ['core', 'throttling', 'microservice'],
  oauth4webapi: ['core'],
  '@node-rs/argon2': ['microservice'],
  'openid-client': ['microservice'],
  typeorm: ['microservice'],
  express: binding,
  'routing-controllers': [...binding, 'testing'],
  typedi: binding,
  'class-validator': binding,
  'class-transformer': binding,
  'reflect-metadata': ['routing-controllers', 'decorators', 'openapi'],
  'routing-controllers-openapi': ['openapi'],
  'class-validator-jsonschema': ['openapi'],
  'swagger-ui-express': ['openapi'],
  '@opentelemetry/api': ['opentelemetry'],
  'prom-client': ['prometheus'],
  ioredis: ['redis'],
  redis: ['redis'],
  // The app that the command line is pointed at.
  'something that is computed': ['cli'],
};

/** Types of Express may be named where a request is looked at. */
const typesOf: Readonly<Record<string, readonly string[]>> = {
  express: ['authentication', 'permissions', 'throttling', 'views', 'decorators', 'testing', ...binding],
  'prom-client': ['prometheus'],
};

const namelessFiles = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'shared'];

interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
}

function importsOf(name: string, source: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      found.push({ from: textOf(node.moduleSpecifier), isTypeOnly: isTypeImport(node) });
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      found.push({ from: textOf(node.moduleSpecifier), isTypeOnly: node.isTypeOnly });
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      found.push({ from: textOf(node.argument.literal), isTypeOnly: true });
    else if (ts.isExternalModuleReference(node)) found.push({ from: textOf(node.expression), isTypeOnly: false });
    else if (ts.isCallExpression(node) && isLoading(node.expression) && node.arguments[0] !== undefined)
      found.push({ from: textOf(node.arguments[0]), isTypeOnly: false });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, source, ts.ScriptTarget.Latest));
  return found;
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : 'something that is computed';
}

function isLoading(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node) && node.text === 'require');
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  const { phaseModifier, name, namedBindings } = importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly)
  );
}

/** What is wrong with a file of `src`, given by its path from there. */
function violations(path: string, source: string): string[] {
  const room = path.split('/')[0] ?? '';
  const nameless = namelessFiles.includes(basename(path, '.ts')) ? [`${path} has a name that says nothing`] : [];
  if (arrows[room] === undefined) return [...nameless, `${path} is in a room that the design does not have`];
  const wrong = importsOf(path, source).filter(one => !mayImport(path, room, one));
  return [...nameless, ...wrong.map(({ from }) => `${path} imports ${from}`)];
}

function mayImport(path: string, room: string, { from, isTypeOnly }: Import): boolean {
  if (from.startsWith('node:')) return true;
  if (from.startsWith('.')) {
    if (entries[path] === from) return true;
    const target = posix.join(posix.dirname(path), from).split('/')[0] ?? '';
    return target === room || arrows[room]?.includes(target) === true;
  }
  const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/');
  return homes[name]?.includes(room) === true || (isTypeOnly && typesOf[name]?.includes(room) === true);
}

const src = resolve(__dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));

describe('the architecture', () => {
  it('has the rooms and the arrows of the design, and no others', () => {
    expect(files.length).to.be.greaterThan(40);
    const wrong = files.flatMap(name => violations(name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')));
    expect(wrong).to.deep.equal([]);
  });

  it('keeps the environment out of everything but settings and the command line', () => {
    const readers = files.filter(name =>
      /\bprocess\.env\b/.test(withoutComments(readFileSync(join(src, name), 'utf8'))),
    );
    expect(readers.filter(name => !name.startsWith('cli')).map(name => relative('.', name))).to.have.members([
      join('routing-controllers', 'server.ts'),
      // The one function that tells development from production.
      join('core', 'development.ts'),
      // Turns off caches and short cuts in tests.
      join('core', 'plain.ts'),
    ]);
  });

  for (const [path, source, wrong] of [
    ['core/claims.ts', "import { x } from '../views/visit';", '../views/visit'],
    ['core/claims.ts', "import type { Request } from 'express';", 'express'],
    ['core/claims.ts', "export * from '../permissions/base';", '../permissions/base'],
    ['core/claims.ts', "export type X = import('../permissions/base').ApiView;", '../permissions/base'],
    ['core/claims.ts', "const x = await import('typedi');", 'typedi'],
    ['core/claims.ts', "const x = require('typedi');", 'typedi'],
    ['core/claims.ts', "import x = require('typedi');", 'typedi'],
    ['core/claims.ts', "import 'reflect-metadata';", 'reflect-metadata'],
    ['core/claims.ts', 'const x = require(name);', 'something that is computed'],
    ['views/visit.ts', "import { json } from 'express';", 'express'],
    ['views/visit.ts', "import { type Request, json } from 'express';", 'express'],
    ['views/visit.ts', "import { JWK } from 'jose';", 'jose'],
    ['views/visit.ts', "import type { Driver } from '../routing-controllers/driver';", '../routing-controllers/driver'],
    ['authentication/base.ts', "import '../permissions/base';", '../permissions/base'],
    ['permissions/base.ts', "import '../throttling/base';", '../throttling/base'],
    ['routing-controllers/driver.ts', "import '../testing/tokens';", '../testing/tokens'],
    ['routing-controllers/driver.ts', "import 'lodash';", 'lodash'],
    ['index.ts', "export * from './openapi/document';", './openapi/document'],
    ['decorators/lists.ts', "import '../routing-controllers/tripwire';", '../routing-controllers/tripwire'],
    ['decorators/index.ts', "import '../routing-controllers/server';", '../routing-controllers/server'],
  ] as const)
    it(`has no place in ${path} for ${source}`, () => {
      expect(violations(path, source)).to.deep.equal([`${path} imports ${wrong}`]);
    });

  for (const [path, source] of [
    ['core/claims.ts', "import { LRUCache } from 'lru-cache'; import 'node:crypto'; import './settings';"],
    ['permissions/base.ts', "import type { Request } from 'express'; import '../authentication/user';"],
    ['views/visit.ts', "import { type Request } from 'express'; import '../permissions/base';"],
    ['routing-controllers/driver.ts', "import express from 'express'; import '../views/visit'; import 'typedi';"],
    ['index.ts', "export { x } from './core/settings'; // import '../testing'"],
  ] as const)
    it(`has a place in ${path} for ${source}`, () => {
      expect(violations(path, source)).to.deep.equal([]);
    });

  it('has no file whose name says nothing, and no room that nobody planned', () => {
    expect(violations('core/utils.ts', '')).to.have.length(1);
    expect(violations('views/types.ts', '')).to.have.length(1);
    expect(violations('services/mail.ts', '')).to.have.length(1);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}
