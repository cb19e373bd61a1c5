/**
 * Looks for phrases that docs/language.md forbids in the comments and messages of src, test, demo, bench and examples, as a
 * part of `npm run lint`:
 *
 *     node test/prose.mjs [--shorten] [--root <folder>]
 *
 * The files of test/prose-exceptions.json have not been revised yet and may contain such phrases. One that is clean, or
 * no longer exists, must be taken off the list; --shorten does so. Exits 1 on any finding.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';

const { values } = parseArgs({
  options: {
    shorten: { type: 'boolean', default: false },
    root: { type: 'string', default: resolve(import.meta.dirname, '..') },
  },
});

const folders = ['src', 'test', 'demo', 'bench', 'examples'];

/** These two quote the phrases. */
const quoting = ['test/prose.mjs', 'test/prose.test.ts'];

/** Each with what to write instead. A space stands for any white space, line breaks of comments included. */
const phrases = [
  ['whoever|whomever|whosever', 'name the person or thing'],
  ['who asks|who comes', 'add the noun: "a caller that asks"'],
  ['whom', 'use an active sentence'],
  ['nobody in particular', 'say "an anonymous caller"'],
  ['for want of', 'say "because there is no …"'],
  ['be it|be they', 'say "whether … or …"'],
  ['thereby', 'say what causes what'],
  ['in words', 'say what the text says'],
  ['ways? in', 'say "grant" or "way to sign in"'],
  ['stand-ins?', 'say "replacement" or "substitute"'],
  ['deeds?', 'say "action"'],
  ["(?<!')an? (?:yes|no)", 'say "grant" or "refusal"'],
  ["one's own|one's", 'say "a custom …"'],
  ['(?<!there )(?:is|are) none', 'say what there is not: "there is no …"'],
  ['not to be had', 'say "unavailable"'],
  ['be there', 'say "whether there is …"'],
  ['(?:is|are|was|were|be) told', 'name who tells whom: "the log says"'],
  ['(?:is|are) asked of', 'say "is required of"'],
  ['start-ups?(?!\\.\\w)', 'say "startup"'],
  [
    '(?:un)?(?:authoris|recognis|normalis|serialis|initialis)(?:e[ds]?|ing|ations?)|behaviours?|honour\\w*|colours?',
    'use the American spelling',
  ],
].map(([words, instead]) => ({ pattern: patternOf(words), instead }));

function patternOf(words) {
  return new RegExp(`(?<![-\\w])(?:${words.replaceAll(' ', '(?:\\s|\\*|//)+')})(?![-\\w])`, 'gi');
}

const listFile = join(values.root, 'test/prose-exceptions.json');
const listed = new Set(JSON.parse(readFileSync(listFile, 'utf8')));
const found = new Map(folders.flatMap(filesIn).map(name => [name, findingsIn(name)]));

const wrong = [...found].flatMap(([name, findings]) => (listed.has(name) ? [] : findings));
const outdated = [...listed].filter(name => !(found.get(name)?.length > 0));
if (values.shorten) shorten();
else for (const name of outdated) console.error(`${name}: has no such phrase any more; take it off ${listFile}`);
for (const finding of wrong) console.error(finding);
process.exitCode = wrong.length > 0 || (outdated.length > 0 && !values.shorten) ? 1 : 0;

function shorten() {
  const left = [...listed].filter(name => !outdated.includes(name));
  writeFileSync(listFile, `${JSON.stringify(left, undefined, 2)}\n`);
}

function filesIn(folder) {
  return readdirSync(join(values.root, folder), { recursive: true })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(name => /\.(?:ts|mjs|cjs)$/.test(name) && !name.includes('/node_modules/') && !quoting.includes(name));
}

function findingsIn(name) {
  const text = readFileSync(join(values.root, name), 'utf8');
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  const pieces = [...joinedComments(text, commentsOf(source)), ...messagesOf(source)];
  return pieces.flatMap(([start, end]) => findingsBetween(source, start, end));
}

function findingsBetween(source, start, end) {
  const piece = source.text.slice(start, end);
  return phrases.flatMap(({ pattern, instead }) =>
    [...piece.matchAll(pattern)].map(({ 0: phrase, index }) => {
      const line = source.getLineAndCharacterOfPosition(start + index).line + 1;
      return `${source.fileName}:${line}: "${phrase.replace(/(?:\s|\*|\/\/)+/g, ' ')}": ${instead}`;
    }),
  );
}

/** By position: the comments around each token. */
function commentsOf(source) {
  const ranges = new Map();
  for (const token of tokensOf(source, source)) {
    const around = [
      ...(ts.getLeadingCommentRanges(source.text, token.pos) ?? []),
      ...(ts.getTrailingCommentRanges(source.text, token.end) ?? []),
    ];
    for (const { pos, end } of around) ranges.set(pos, end);
  }
  return [...ranges].sort(([left], [right]) => left - right);
}

function tokensOf(node, source) {
  const children = node.getChildren(source).filter(child => !ts.isJSDoc(child));
  return children.length === 0 ? [node] : children.flatMap(child => tokensOf(child, source));
}

/** A sentence may continue in the next line comment. */
function joinedComments(text, comments) {
  const joined = [];
  for (const [start, end] of comments) {
    const last = joined.at(-1);
    if (last !== undefined && /^\s*$/.test(text.slice(last[1], start))) last[1] = end;
    else joined.push([start, end]);
  }
  return joined;
}

function messagesOf(source) {
  const isText = node => ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node);
  return tokensOf(source, source)
    .filter(node => isText(node) && node.text.includes(' '))
    .map(node => [node.getStart(source), node.end]);
}
