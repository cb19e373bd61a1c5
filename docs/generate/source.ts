/** What the source says by itself: messages of errors, and the sections of RFCs that it cites. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

export const root = resolve(__dirname, '../../..');

export interface Message {
  /** `…` stands for what the message has of the app. */
  readonly text: string;
  readonly file: string;
  /** The `reason` beside it, if it has one. */
  readonly reason: string | undefined;
}

/** Returns the messages of the errors of a class that the source makes, in the order of the files. */
export function messagesOf(errorClass: string): readonly Message[] {
  const messages = found.get(errorClass) ?? readMessages(errorClass);
  found.set(errorClass, messages);
  return messages;
}

const found = new Map<string, readonly Message[]>();

function readMessages(errorClass: string): readonly Message[] {
  return filesIn('src').flatMap(file => {
    const text = readFileSync(join(root, file), 'utf8');
    if (!text.includes(`new ${errorClass}(`)) return [];
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    return errorsIn(source, errorClass).map(made => ({ ...describe(made, source), file }));
  });
}

function errorsIn(source: ts.SourceFile, errorClass: string): readonly ts.NewExpression[] {
  const made: ts.NewExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText(source) === errorClass) made.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return made;
}

function describe(made: ts.NewExpression, source: ts.SourceFile): Omit<Message, 'file'> {
  const [message, options] = made.arguments ?? [];
  const [, reason] = /reason: '(\w+)'/.exec(options?.getText(source) ?? '') ?? [];
  return { text: message === undefined ? '…' : textOf(message, source), reason };
}

function textOf(node: ts.Expression, source: ts.SourceFile): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  if (ts.isBinaryExpression(node)) return textOf(node.left, source) + textOf(node.right, source);
  if (ts.isConditionalExpression(node)) return textOf(node.whenTrue, source);
  return ts.isIdentifier(node) ? constantOf(node.text, source) : '…';
}

function constantOf(name: string, source: ts.SourceFile): string {
  const declared = source.statements.flatMap(one =>
    ts.isVariableStatement(one) ? [...one.declarationList.declarations] : [],
  );
  const constant = declared.find(one => one.name.getText(source) === name)?.initializer;
  return constant === undefined ? '…' : textOf(constant, source);
}

export function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(name => name.endsWith('.ts'))
    .sort();
}

/** Returns the files of a folder that cite a section, by `RFC 6750 §3.1`. */
export function citationsIn(folder: string): ReadonlyMap<string, readonly string[]> {
  const cited = new Map<string, string[]>();
  for (const file of filesIn(folder))
    for (const section of sectionsIn(readFileSync(join(root, file), 'utf8')))
      cited.set(section, [...(cited.get(section) ?? []), file]);
  return cited;
}

function sectionsIn(text: string): ReadonlySet<string> {
  // A comment may continue in the next line.
  const joined = text.replace(/\n\s*(?:\*|\/\/)\s*/g, ' ');
  return new Set(
    [...joined.matchAll(/RFC (\d{4})(?:,? (§[\d.]*\d))?/g)].map(([, rfc, section]) =>
      section === undefined ? `RFC ${rfc}` : `RFC ${rfc} ${section}`,
    ),
  );
}
