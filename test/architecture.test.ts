/** Holds the arrows of the design: which room may import which, and where each package of others is at home. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { posix } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

/** What each room imports, besides itself. A folder of core, views and routing-controllers is a room of its own. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'core/time': [],
  'core/http': ['core/time'],
  'core/process': ['core/http'],
  'core/jws': ['core/http'],
  'core/attempts': ['core/http', 'core/reports', 'core/settings', 'core/time'],
  'core/settings': ['core/http', 'core/jws', 'core/process'],
  'core/reports': ['core/http', 'core/settings', 'core/time'],
  'core/proofs': everyRoomOf('core', 'time', 'http', 'process', 'jws', 'settings', 'reports'),
  'core/issuers': ['core/http', 'core/jws', 'core/reports', 'core/settings', 'core/time'],
  'core/tokens': [
    ...everyRoomOf('core', 'time', 'http', 'process', 'jws', 'attempts', 'settings', 'reports', 'issuers'),
    'core/proofs',
  ],
  'core/requirements': everyRoomOf('core', 'time', 'http', 'process', 'settings', 'proofs', 'tokens'),
  authentication: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'jws', 'attempts', 'settings', 'reports', 'proofs', 'tokens'),
  ],
  permissions: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'tokens', 'requirements'),
    'authentication',
  ],
  throttling: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'reports', 'tokens'),
    'authentication',
    'permissions',
  ],
  'views/start': [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'tokens', 'requirements'),
    'authentication',
    'permissions',
    'throttling',
  ],
  views: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'reports', 'tokens', 'requirements'),
    'authentication',
    'permissions',
    'throttling',
    'views/start',
  ],
  decorators: [...everyRoomOf('core', 'http', 'tokens'), 'authentication', 'permissions', 'throttling', 'views/start'],
  'routing-controllers/start': [
    ...everyRoomOf('core', 'http', 'process', 'jws', 'settings', 'issuers', 'tokens', 'requirements'),
    'authentication',
    'permissions',
    'views/start',
    'views',
  ],
  'routing-controllers/driver': [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'requirements'),
    'authentication',
    'views/start',
    'views',
    'routing-controllers/start',
  ],
  'routing-controllers/endpoints': [
    ...everyRoomOf('core', 'time', 'http', 'settings', 'reports', 'issuers', 'tokens', 'requirements'),
    'authentication',
    'permissions',
    'views/start',
    'views',
    'routing-controllers/start',
    'routing-controllers/driver',
  ],
  'routing-controllers': [
    ...everyRoomOf('core', 'http', 'process', 'settings', 'issuers', 'tokens', 'requirements'),
    'authentication',
    'permissions',
    'views/start',
    'views',
    ...everyRoomOf('routing-controllers', 'start', 'driver', 'endpoints'),
  ],
  openapi: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'settings', 'issuers', 'requirements'),
    'authentication',
    'views/start',
    'routing-controllers/start',
  ],
  microservice: [
    ...everyRoomOf('core', 'time', 'http', 'jws', 'attempts', 'settings', 'reports', 'issuers', 'proofs', 'tokens'),
    'authentication',
    'redis',
  ],
  redis: [...everyRoomOf('core', 'time', 'http', 'process', 'attempts', 'settings', 'proofs', 'tokens'), 'throttling'],
  filters: everyRoomOf('core', 'http', 'process', 'requirements'),
  opentelemetry: ['core/http', 'core/reports'],
  prometheus: ['core/reports'],
  testing: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'jws', 'attempts', 'settings', 'proofs', 'tokens'),
    'core/requirements',
    'authentication',
    'permissions',
    'routing-controllers/start',
    'routing-controllers',
  ],
  cli: [
    ...everyRoomOf('core', 'time', 'http', 'process', 'jws', 'settings', 'proofs', 'issuers', 'tokens', 'requirements'),
    'permissions',
    'views/start',
    'routing-controllers/start',
    'routing-controllers',
    'microservice',
  ],
  // The root never loads what is optional.
  'index.ts': [
    ...everyRoomOf('core', 'http', 'jws', 'attempts', 'settings', 'reports', 'issuers', 'proofs', 'tokens'),
    'core/requirements',
    'authentication',
    'permissions',
    'views/start',
    'views',
    ...everyRoomOf('routing-controllers', 'start', 'endpoints'),
    'routing-controllers',
  ],
};

function everyRoomOf(outer: string, ...names: readonly string[]): readonly string[] {
  return names.map(name => `${outer}/${name}`);
}

/** An app may load one of these subpaths and nothing else, and its rules must be seen all the same. */
const entries: Readonly<Record<string, string>> = {
  'decorators/index.ts': '../routing-controllers/start/tripwire',
  'throttling/index.ts': '../routing-controllers/start/tripwire',
};

const binding = ['routing-controllers', 'microservice', 'openapi'];

/** The rooms where a package of others is at home. */
const homes: Readonly<Record<string, readonly string[]>> = {
  jose: ['core', 'microservice'],
  kysely: ['filters'],
  'drizzle-orm': ['filters'],
  'lru-cache': ['core', 'filters', 'throttling', 'microservice', 'routing-controllers'],
  oauth4webapi: ['core'],
  '@node-rs/argon2': ['microservice'],
  'openid-client': ['microservice'],
  typeorm: ['microservice', 'filters'],
  '@mikro-orm/core': ['filters'],
  express: binding,
  'routing-controllers': [...binding, 'testing'],
  typedi: binding,
  'class-validator': [...binding, 'testing'],
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
  const room = roomOf(path);
  const nameless = namelessFiles.includes(basename(path, '.ts')) ? [`${path} has a name that says nothing`] : [];
  if (arrows[room] === undefined) return [...nameless, `${path} is in a room that the design does not have`];
  const wrong = importsOf(path, source).filter(one => !mayImport(path, room, one));
  return [...nameless, ...wrong.map(({ from }) => `${path} imports ${from}`)];
}

function mayImport(path: string, room: string, { from, isTypeOnly }: Import): boolean {
  if (from.startsWith('node:')) return true;
  if (from.startsWith('.')) {
    if (entries[path] === from) return true;
    const target = roomOf(posix.join(posix.dirname(path), from));
    return target === room || arrows[room]?.includes(target) === true;
  }
  const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/');
  const house = room.split('/')[0] as string;
  return homes[name]?.includes(house) === true || (isTypeOnly && typesOf[name]?.includes(house) === true);
}

/** The room of a file, or of a module as an import names it. */
function roomOf(path: string): string {
  const [outer = '', inner = ''] = path.split('/');
  return arrows[`${outer}/${inner}`] === undefined ? outer : `${outer}/${inner}`;
}

const src = resolve(__dirname, '../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => name.replaceAll('\\', '/'));

/** The files that a file imports, types included. */
function filesImportedBy(name: string): readonly string[] {
  const own = importsOf(name, readFileSync(join(src, name), 'utf8')).filter(({ from }) => from.startsWith('.'));
  return own.map(({ from }) => {
    const module = posix.join(posix.dirname(name), from);
    return files.find(file => file === `${module}.ts`) ?? `${module}/index.ts`;
  });
}

/** The first cycle that is found, as the names on its way. */
function cycleAmong(names: readonly string[], next: (name: string) => readonly string[]): readonly string[] {
  const done = new Set<string>();
  const walk = (name: string, way: readonly string[]): readonly string[] => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return [];
    const cycles = next(name).map(other => walk(other, [...way, name]));
    done.add(name);
    return cycles.find(({ length }) => length > 0) ?? [];
  };
  return names.map(name => walk(name, [])).find(({ length }) => length > 0) ?? [];
}

describe('the architecture', () => {
  it('has the rooms and the arrows of the design, and no others', () => {
    expect(files.length).to.be.greaterThan(40);
    const wrong = files.flatMap(name => violations(name, readFileSync(join(src, name), 'utf8')));
    expect(wrong).to.deep.equal([]);
  });

  it('allows no import that no file makes', () => {
    const made = new Set(
      files.flatMap(name => filesImportedBy(name).map(other => `${roomOf(name)} → ${roomOf(other)}`)),
    );
    const allowed = Object.entries(arrows).flatMap(([room, others]) => others.map(other => `${room} → ${other}`));
    expect(allowed.filter(arrow => !made.has(arrow))).to.deep.equal([]);
  });

  it('has no cycle of rooms, and none of files, types included', () => {
    expect(cycleAmong(Object.keys(arrows), room => arrows[room] ?? [])).to.deep.equal([]);
    expect(cycleAmong(files, filesImportedBy)).to.deep.equal([]);
    const circle = { a: ['b'], b: ['c'], c: ['b'] } as Readonly<Record<string, readonly string[]>>;
    expect(cycleAmong(['a', 'b', 'c'], name => circle[name] ?? [])).to.deep.equal(['b', 'c', 'b']);
  });

  it('keeps the environment out of everything but settings and the command line', () => {
    const readers = files.filter(name =>
      /\bprocess\.env\b/.test(withoutComments(readFileSync(join(src, name), 'utf8'))),
    );
    expect(readers.filter(name => !name.startsWith('cli')).map(name => relative('.', name))).to.have.members([
      join('routing-controllers', 'server.ts'),
      // The one function that tells development from production.
      join('core', 'process', 'development.ts'),
      // Turns off caches and short cuts in tests.
      join('core', 'process', 'plain.ts'),
    ]);
  });

  for (const [path, source, wrong] of [
    ['core/tokens/claims.ts', "import { x } from '../views/visit';", '../views/visit'],
    ['core/tokens/claims.ts', "import type { Request } from 'express';", 'express'],
    ['core/tokens/claims.ts', "export * from '../permissions/base';", '../permissions/base'],
    ['core/tokens/claims.ts', "export type X = import('../permissions/base').ApiView;", '../permissions/base'],
    ['core/tokens/claims.ts', "const x = await import('typedi');", 'typedi'],
    ['core/tokens/claims.ts', "const x = require('typedi');", 'typedi'],
    ['core/tokens/claims.ts', "import x = require('typedi');", 'typedi'],
    ['core/tokens/claims.ts', "import 'reflect-metadata';", 'reflect-metadata'],
    ['core/tokens/claims.ts', 'const x = require(name);', 'something that is computed'],
    ['views/visit.ts', "import { json } from 'express';", 'express'],
    ['views/visit.ts', "import { type Request, json } from 'express';", 'express'],
    ['views/visit.ts', "import { JWK } from 'jose';", 'jose'],
    ['views/visit.ts', "import type { Driver } from '../routing-controllers/driver';", '../routing-controllers/driver'],
    ['authentication/base.ts', "import '../permissions/base';", '../permissions/base'],
    ['permissions/base.ts', "import '../throttling/base';", '../throttling/base'],
    ['routing-controllers/driver/driver.ts', "import '../testing/tokens';", '../testing/tokens'],
    ['routing-controllers/driver/driver.ts', "import 'lodash';", 'lodash'],
    ['index.ts', "export * from './openapi/document';", './openapi/document'],
    ['decorators/lists.ts', "import '../routing-controllers/start/tripwire';", '../routing-controllers/start/tripwire'],
    ['decorators/index.ts', "import '../routing-controllers/server';", '../routing-controllers/server'],
  ] as const)
    it(`has no place in ${path} for ${source}`, () => {
      expect(violations(path, source)).to.deep.equal([`${path} imports ${wrong}`]);
    });

  for (const [path, source] of [
    ['core/tokens/claims.ts', "import { LRUCache } from 'lru-cache'; import 'node:crypto'; import './settings';"],
    ['permissions/base.ts', "import type { Request } from 'express'; import '../authentication/user';"],
    ['views/visit.ts', "import { type Request } from 'express'; import '../permissions/base';"],
    [
      'routing-controllers/driver/driver.ts',
      "import express from 'express'; import '../../views/visit'; import 'typedi';",
    ],
    ['index.ts', "export { x } from './core/settings'; // import '../testing'"],
  ] as const)
    it(`has a place in ${path} for ${source}`, () => {
      expect(violations(path, source)).to.deep.equal([]);
    });

  it('has no file whose name says nothing, and no room that nobody planned', () => {
    expect(violations('core/http/utils.ts', '')).to.have.length(1);
    expect(violations('views/types.ts', '')).to.have.length(1);
    expect(violations('services/mail.ts', '')).to.have.length(1);
    expect(violations('core/mail.ts', '')).to.have.length(1);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}
