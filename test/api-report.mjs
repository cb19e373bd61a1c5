/**
 * The public types, as text that a review can read: `npm run api` compares them with the report in test/api and fails where
 * they differ, `npm run api -- --accept` writes the report. A change that is accepted is part of its commit, and an app that
 * can notice it reads of it in docs/upgrading.md.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { root } from './packed.mjs';

const { values } = parseArgs({ options: { accept: { type: 'boolean', default: false } } });

const built = join(root, 'dist/src');
const folder = join(root, 'test/api');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(exports).filter(([, target]) => typeof target !== 'string');
const files = entries.map(([, { types }]) => resolve(root, types));
const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true };
const program = ts.createProgram(files, { ...options, target: ts.ScriptTarget.ES2022, skipLibCheck: true });
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

const reports = report();
if (values.accept) accept();
else compare();

/** By file name: what each subpath exports, and what these declarations refer to without its being exported. */
function report() {
  const perSubpath = entries.map(([subpath, { types }]) => [subpath, exportsOf(resolve(root, types))]);
  const exported = new Set(perSubpath.flatMap(([, symbols]) => [...symbols.values()]));
  const found = perSubpath.map(([subpath, symbols]) => [fileOf(subpath), textOf(subpath, symbols)]);
  const referred = new Map(referredFrom(exported).map(symbol => [placeOf(symbol), symbol]));
  return new Map([...found, ['not-exported.txt', textOf('What the exported declarations refer to', referred)]]);
}

function fileOf(subpath) {
  return `${subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-')}.txt`;
}

function exportsOf(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  return new Map(checker.getExportsOfModule(module).map(symbol => [symbol.name, original(symbol)]));
}

function original(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Two files may each have a type of one name. */
function placeOf(symbol) {
  const [file] = ownDeclarations(symbol).map(node => relative(built, node.getSourceFile().fileName));
  return `${symbol.name} (${file.replace(/\.d\.ts$/, '')})`;
}

function textOf(title, symbols) {
  const sorted = [...symbols].sort(([left], [right]) => (left < right ? -1 : 1));
  const parts = sorted.map(([name, symbol]) => `// ${name}\n${ownDeclarations(symbol).map(printed).join('\n')}\n`);
  return `${title.replace(/^\./, 'axioms-routing-controllers')}\n\n${parts.join('\n')}`;
}

/** The top-level declarations in this package; of a variable the whole statement. */
function ownDeclarations(symbol) {
  const declarations = (symbol.declarations ?? []).filter(node => node.getSourceFile().fileName.startsWith(built));
  return declarations.map(statementOf).filter(node => node !== undefined);
}

function statementOf(node) {
  if (ts.isSourceFile(node)) return undefined;
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts.isSourceFile(statement.parent) ? statement : undefined;
}

/** Without private members, on which nobody may rely. */
function printed(node) {
  const { transformed } = ts.transform(node, [context => root => ts.visitNode(root, withoutPrivate(context))]);
  return printer.printNode(ts.EmitHint.Unspecified, transformed[0], node.getSourceFile());
}

function withoutPrivate(context) {
  const visit = node => {
    if (isPrivate(node)) return undefined;
    const visited = ts.visitEachChild(node, visit, context);
    return ts.isUnionTypeNode(node) ? sorted(node, visited, context) : visited;
  };
  return visit;
}

/** The compiler writes the members of an inferred union in an order that depends on what it compiled before. */
function sorted(union, visited, { factory }) {
  const texts = union.types.map(type => type.getText());
  const order = texts.map((_, index) => index).sort((left, right) => (texts[left] < texts[right] ? -1 : 1));
  return factory.updateUnionTypeNode(visited, factory.createNodeArray(order.map(index => visited.types[index])));
}

function isPrivate(node) {
  if (!ts.isClassElement(node)) return false;
  const isMarked = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
  return isMarked || (node.name !== undefined && ts.isPrivateIdentifier(node.name));
}

function referredFrom(exported) {
  const seen = new Set(exported);
  const queue = [...exported];
  for (const symbol of queue)
    for (const declaration of ownDeclarations(symbol))
      for (const other of symbolsIn(declaration))
        if (!seen.has(other) && ownDeclarations(other).length > 0) {
          seen.add(other);
          queue.push(other);
        }
  return queue.filter(symbol => !exported.has(symbol));
}

function symbolsIn(node) {
  if (isPrivate(node)) return [];
  const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
  const found = symbol === undefined ? [] : [original(symbol)];
  node.forEachChild(child => void found.push(...symbolsIn(child)));
  return found;
}

function accept() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of reports) writeFileSync(join(folder, name), text);
  console.log(`test/api has the public types of ${entries.length} subpaths.`);
}

function compare() {
  const accepted = new Map(readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]));
  const names = [...new Set([...accepted.keys(), ...reports.keys()])].sort();
  const different = names.filter(name => accepted.get(name) !== reports.get(name));
  for (const name of different) console.log(`${name}\n${difference(accepted.get(name), reports.get(name))}\n`);
  if (different.length > 0) {
    console.log(
      'The public types differ from test/api. If that is meant: npm run api -- --accept, and docs/upgrading.md.',
    );
    process.exitCode = 1;
  } else console.log(`The public types are those of test/api: ${names.length} passed, 0 failed`);
}

/** The lines that one has and the other has not. */
function difference(before = '', after = '') {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const gone = old.filter(line => !now.includes(line)).map(line => `- ${line}`);
  const added = now.filter(line => !old.includes(line)).map(line => `+ ${line}`);
  return [...gone, ...added].join('\n') || 'The order of the lines differs.';
}
