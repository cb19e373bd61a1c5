/**
 * Measures how simple the code is, and ends with 1 where a figure is over its limit:
 *
 *     npm run measure [-- --list]
 *
 * Functions: the lines of every function and method with a block as its body. Calls: how many functions of this package one
 * request calls once everything is warm. With --list, names what is over a limit.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { callsOfRequests } from './measure/calls.mjs';
import { root } from './packed.mjs';

const { values } = parseArgs({ options: { list: { type: 'boolean', default: false } } });

const src = join(root, 'src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => {
    const path = name.replaceAll('\\', '/');
    return {
      path,
      file: ts.createSourceFile(path, readFileSync(join(src, name), 'utf8'), ts.ScriptTarget.Latest, true),
    };
  });

const functions = sources.flatMap(functionsOf).sort((one, other) => one.lines - other.lines);
const exported = exportedSymbols();
const calls = await callsOfRequests();
const rows = [
  row('median lines of a function', quantile(0.5), 9),
  row('lines of a function, nine tenths', quantile(0.9), 20, functions.slice(Math.ceil(functions.length * 0.98))),
  row('files of more than 350 lines', ...counted(sources.filter(({ file }) => linesOf(file) > 350))),
  row('cycles of files, types included', ...counted(cycles())),
  row('calls for a GET that is let in', calls.admitted, 160),
  row('calls for a 403', calls.refused, 200),
  row('names at the root', exported.filter(({ subpath }) => subpath === '.').length, 95),
  row('exported names without a description', ...counted(exported.filter(({ isDescribed }) => !isDescribed))),
];
console.table(rows.map(({ what, figure, limit, result }) => ({ what, figure, limit, result })));
if (values.list) for (const { what, details } of rows) for (const one of details) console.log(`${what}: ${one}`);
process.exitCode = rows.some(({ result }) => result !== 'good') ? 1 : 0;

function row(what, figure, limit, details = []) {
  const texts = details.map(one => (typeof one === 'string' ? one : (one.path ?? one.name)));
  return { what, figure, limit, result: figure <= limit ? 'good' : 'TOO MANY', details: texts };
}

function counted(list) {
  return [list.length, 0, list];
}

function quantile(part) {
  return functions[Math.floor(part * (functions.length - 1))].lines;
}

function linesOf(file) {
  return file.getLineStarts().length - 1;
}

function functionsOf({ path, file }) {
  const found = [];
  const visit = node => {
    if (ts.isFunctionLike(node) && node.body !== undefined && ts.isBlock(node.body)) {
      const [start, end] = [node.getStart(), node.end].map(place => file.getLineAndCharacterOfPosition(place).line);
      found.push({ lines: end - start + 1, path: `${end - start + 1} lines: src/${path}:${start + 1}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The groups of files that import one another (Tarjan). */
function cycles() {
  const imports = new Map(sources.map(source => [source.path, importsOf(source)]));
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = path => {
    order.set(path, order.size);
    low.set(path, order.get(path));
    stack.push(path);
    for (const other of imports.get(path) ?? []) {
      if (!order.has(other)) visit(other);
      if (stack.includes(other)) low.set(path, Math.min(low.get(path), low.get(other)));
    }
    if (low.get(path) !== order.get(path)) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1) found.push(group.sort().join(' '));
  };
  for (const path of imports.keys()) if (!order.has(path)) visit(path);
  return found;
}

function importsOf({ path, file }) {
  const found = [];
  const visit = node => {
    const specifier = node.moduleSpecifier ?? (ts.isImportTypeNode(node) ? node.argument.literal : undefined);
    if (specifier?.text?.startsWith('.')) found.push(target(path, specifier.text));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function target(path, specifier) {
  const base = posix.join(posix.dirname(path), specifier);
  return sources.some(one => one.path === `${base}.ts`) ? `${base}.ts` : `${base}/index.ts`;
}

/** What each subpath exports, and whether a person finds a description of it. */
function exportedSymbols() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(exports).filter(([, one]) => typeof one !== 'string');
  const fileOf = ({ types }) => join(root, types);
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noEmit: true };
  const program = ts.createProgram(
    entries.map(([, one]) => fileOf(one)),
    { ...options, target: ts.ScriptTarget.ES2022, skipLibCheck: true },
  );
  const checker = program.getTypeChecker();
  return entries.flatMap(([subpath, one]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(fileOf(one)));
    return checker.getExportsOfModule(module).map(symbol => {
      const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const [declaration] = original.declarations ?? [];
      const place = declaration === undefined ? '' : relative(root, declaration.getSourceFile().fileName);
      const isDescribed = original.getDocumentationComment(checker).length > 0;
      return { subpath, name: `${subpath} ${symbol.name} (${place})`, isDescribed };
    });
  });
}
