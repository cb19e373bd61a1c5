/** What can be taken away from a piece of JavaScript, check by check. */
import ts from 'typescript';

const kinds = ts.SyntaxKind;

/**
 * Each as the part of the text that is replaced, by what, the name of the function that it stands in, whether a whole
 * check goes, where code must run for anybody to notice, and, where that is shorter, a description of the change.
 */
export function mutationsOf(text) {
  const source = ts.createSourceFile('file.js', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const found = new Map();
  const visit = (node, place) => {
    if (isOfTheCompiler(node)) return;
    const inside = nameOf(node) ?? place;
    for (const [part, replacement, more = {}] of mutations(node)) {
      const [start, end] = [part.getStart(), part.getEnd()];
      const key = `${start} ${end} ${replacement}`;
      if (text.slice(start, end) !== replacement && found.get(key)?.isCheck !== true)
        found.set(key, { start, end, replacement, place: inside, isCheck: false, runs: start, ...more });
    }
    ts.forEachChild(node, child => visit(child, inside));
  };
  visit(source, '');
  return [...found.values()];
}

// Imports, exports and what decorators become.
function isOfTheCompiler(node) {
  if (!ts.isStatement(node) || node.parent?.kind !== kinds.SourceFile) return false;
  return /^(?:"use strict"|exports\.\w+ = \w|Object\.defineProperty\(exports|var __|__|(?:const \w+ = (?:__\w+\()?)?require\()/.test(
    node.getText(),
  );
}

function nameOf(node) {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node))
    return node.name?.getText();
  if (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent)) return node.name.getText();
  return ts.isConstructorDeclaration(node) ? `new ${node.parent.name?.getText() ?? ''}` : undefined;
}

function mutations(node) {
  return rules.flatMap(rule => rule(node));
}

const rules = [
  withoutGuards,
  withoutRules,
  withoutChecks,
  forcedConditions,
  droppedOperands,
  otherOperators,
  otherMethods,
  otherLiterals,
  withoutNegation,
  withoutElements,
  withoutStatements,
  looserPatterns,
];

/** An `if` that refuses, or ends the function early, as if it were never met: only who meets it can notice. */
function withoutGuards(node) {
  if (!ts.isIfStatement(node) || !leaves(node.thenStatement)) return [];
  return [[node.expression, 'false', { isCheck: true, runs: node.thenStatement.getStart() }]];
}

function leaves(statement) {
  if (ts.isBlock(statement)) return statement.statements.length > 0 && leaves(statement.statements.at(-1));
  return ts.isThrowStatement(statement) || ts.isReturnStatement(statement);
}

/** Of a list of functions, one less. */
function withoutRules(node) {
  const isList = ts.isArrayLiteralExpression(node) && node.elements.length > 1 && node.elements.every(ts.isIdentifier);
  return isList ? withoutElements(node).map(([list, less, more]) => [list, less, { ...more, isCheck: true }]) : [];
}

/** A call that checks, and a throw at the end of what did not return. */
function withoutChecks(node) {
  if (isCheckInside(node)) return [[node, 'undefined', { isCheck: true }]];
  const isCheck =
    ts.isExpressionStatement(node) &&
    /^(?:await )?(?:[\w.]+\.|\(0, )*(?:check|require|refuse|ask|hold)\w*\)?(?:\?\.)?\(/.test(node.getText());
  const isThrow = ts.isThrowStatement(node) && !ts.isIfStatement(node.parent);
  return isCheck || isThrow ? [[node, ';', { isCheck: true }]] : [];
}

// A step of a chain: `() => checkLatePermissions(visit)`.
function isCheckInside(node) {
  if (!ts.isCallExpression(node) || ts.isExpressionStatement(node.parent) || ts.isAwaitExpression(node.parent))
    return false;
  return /(?:^|\W)(?:check|require|refuse|ask|hold|perform|deny)(?:[A-Z]\w*)?\)?$/.test(node.expression.getText());
}

function forcedConditions(node) {
  if (ts.isIfStatement(node)) return forced(node.expression);
  return ts.isConditionalExpression(node) ? forced(node.condition) : [];
}

function forced(condition) {
  return [
    [condition, 'true'],
    [condition, 'false'],
  ];
}

const logical = [kinds.AmpersandAmpersandToken, kinds.BarBarToken, kinds.QuestionQuestionToken];

function droppedOperands(node) {
  if (!ts.isBinaryExpression(node) || !logical.includes(node.operatorToken.kind)) return [];
  return [
    [node, node.left.getText()],
    [node, node.right.getText()],
  ];
}

const swapped = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '-': '+',
  '*': '/',
  '/': '*',
};

function otherOperators(node) {
  if (!ts.isBinaryExpression(node) || isForcedAnyway(node)) return [];
  const operator = node.operatorToken.getText();
  const other = operator === '+' && !isText(node) ? '-' : swapped[operator];
  return other === undefined ? [] : [[node.operatorToken, other]];
}

// A condition that is forced both ways, or an operand that is dropped, need not be turned around besides.
function isForcedAnyway(node) {
  return isEquality(node) && isInCondition(node);
}

function isInCondition(node) {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return isInCondition(parent);
  const isOperand = ts.isBinaryExpression(parent) && logical.includes(parent.operatorToken.kind);
  return isOperand || parent.condition === node || (ts.isIfStatement(parent) && parent.expression === node);
}

function isEquality({ operatorToken, operator }) {
  const equalities = [kinds.EqualsEqualsEqualsToken, kinds.ExclamationEqualsEqualsToken, kinds.ExclamationToken];
  return equalities.includes(operatorToken?.kind ?? operator);
}

function isText(node) {
  return /["'`]/.test(node.getText());
}

const otherNames = { every: 'some', some: 'every', max: 'min', min: 'max' };

function otherMethods(node) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  if (node.expression.getText() === 'Object.freeze') return [[node, node.arguments[0].getText()]];
  const { name } = node.expression;
  const other = Object.hasOwn(otherNames, name.text) ? otherNames[name.text] : undefined;
  return other === undefined ? [] : [[name, other]];
}

function otherLiterals(node) {
  if (node.kind === kinds.TrueKeyword) return [[node, 'false']];
  return node.kind === kinds.FalseKeyword ? [[node, 'true']] : [];
}

function withoutNegation(node) {
  const isNegation = ts.isPrefixUnaryExpression(node) && node.operator === kinds.ExclamationToken;
  return isNegation && !isForcedAnyway(node) ? [[node, node.operand.getText()]] : [];
}

/** Of lists that are written down: rules, names, values. */
function withoutElements(node) {
  if (!ts.isArrayLiteralExpression(node) || !node.elements.every(isPlain)) return [];
  const texts = node.elements.map(element => element.getText());
  return texts.map((text, index) => [node, without(texts, index), { words: `without ${text}` }]);
}

function without(texts, index) {
  return `[${texts.filter((_, other) => other !== index).join(', ')}]`;
}

function isPlain(element) {
  return ts.isIdentifier(element) || ts.isPropertyAccessExpression(element) || ts.isLiteralExpression(element);
}

/** A check that is a call of its own, an assignment, or a throw that is not all that an `if` does. */
function withoutStatements(node) {
  const isEffect = ts.isExpressionStatement(node) && !/^super\(|^["']/.test(node.getText());
  const isThrow = ts.isThrowStatement(node) && !ts.isIfStatement(node.parent);
  return isEffect || isThrow ? [[node, ';']] : [];
}

function looserPatterns(node) {
  if (!ts.isRegularExpressionLiteral(node)) return [];
  const looser = [node.text.replace(/^\/\^/, '/'), node.text.replace(/\$(\/\w*)$/, '$1')];
  return looser.filter(pattern => !/^\/(?:\/|$)/.test(pattern)).map(pattern => [node, pattern]);
}
