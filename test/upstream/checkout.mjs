/** A checkout of routing-controllers, and its functional tests as JavaScript. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

/** The folder cannot be used; the message says why, and what to do. */
export class NotUsable extends Error {}

const how =
  'Give the root of a checkout of https://github.com/typestack/routing-controllers, version 0.11.x: npm run upstream -- <folder>';
const wanted = '0.11.';
/** This library serves Express alone. */
const ofKoa = /^koa-/;
const portOfTests = /\b3001\b/g;

export class Checkout {
  #folder;

  constructor(folder, manifest) {
    this.#folder = folder;
    this.manifest = manifest;
  }

  static at(folder) {
    if (folder === undefined) throw new NotUsable(`No folder is given. ${how}`);
    const root = resolve(folder);
    const manifest = manifestOf(root);
    if (manifest.name !== 'routing-controllers' || !manifest.version?.startsWith(wanted))
      throw new NotUsable(`${root} holds ${manifest.name} ${manifest.version}. ${how}`);
    if (!existsSync(join(root, 'test/functional')))
      throw new NotUsable(`${root} has no test/functional: npm's package has no tests. ${how}`);
    return new Checkout(root, manifest);
  }

  /** The compiled tests in a temporary folder, for this Express, with this port instead of theirs. */
  compile(express, port) {
    const read = file => asFor(express, readFileSync(file, 'utf8')).replace(portOfTests, port);
    const compiled = new CompiledTests(mkdtempSync(join(tmpdir(), 'upstream-')));
    for (const entry of readdirSync(join(this.#folder, 'test'), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) this.#compileFile(join(entry.parentPath, entry.name), compiled, read);
    if (compiled.specs().length === 0) throw new NotUsable(`${this.#folder} has no test/functional/*.spec.ts. ${how}`);
    return compiled;
  }

  #compileFile(file, compiled, read) {
    const target = join(compiled.folder, file.slice(this.#folder.length));
    mkdirSync(dirname(target), { recursive: true });
    if (!file.endsWith('.ts')) copyFileSync(file, target);
    else writeFileSync(target.replace(/ts$/, 'js'), compile(read(file)));
  }
}

// Express 5 has no patterns for parameters: a path like /posts/:id(\\d+) stops the server.
function asFor(express, text) {
  return express === '5' ? text.replaceAll('(\\\\d+)', '') : text;
}

// Fastest, and enough: the tests' metadata names only classes and built-in types.
function compile(text) {
  const compilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2018,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    strict: false,
  };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

class CompiledTests {
  constructor(folder) {
    this.folder = folder;
  }

  specs() {
    const folder = join(this.folder, 'test/functional');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names
      .filter(name => name.endsWith('.spec.js') && !ofKoa.test(name))
      .sort()
      .map(name => join(folder, name));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function manifestOf(root) {
  const file = join(root, 'package.json');
  if (!existsSync(file)) throw new NotUsable(`${root} has no package.json. ${how}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}
