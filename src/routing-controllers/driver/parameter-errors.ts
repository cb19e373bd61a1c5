/** Describes routing-controllers' errors about a parameter without the value and the URL that the client sent. */
import { BadRequestError } from 'routing-controllers';
import type { FieldTexts } from './validation-fields';

/** A parameter that is missing or cannot be read. */
export interface ParameterProblem {
  readonly description: string;
  readonly fields: FieldTexts;
}

/** A value that cannot be a parameter: 400, as the errors of routing-controllers about parameters. */
export class InvalidParameter extends BadRequestError {
  override readonly name = 'InvalidParamError';
  readonly problem: ParameterProblem;

  /** @param text what is wrong, without the value */
  constructor({ name, type }: { readonly name?: string; readonly type: string }, text: string) {
    const description = `The ${name ? `parameter ${name}` : type} ${text}`;
    super(description);
    // The constructor of BadRequestError makes this an object of its own class.
    Object.setPrototypeOf(this, new.target.prototype);
    this.problem = { description, fields: fieldsOf(name ?? '', text) };
  }
}

const names = ['InvalidParamError', 'ParamNormalizationError', 'ParameterParseJsonError', 'ParamRequiredError'];

/** Returns the description of routing-controllers' error about a parameter; `undefined` for other errors. */
export function parameterProblem(error: unknown): ParameterProblem | undefined {
  if (error instanceof InvalidParameter) return error.problem;
  if (!(error instanceof Error) || !names.includes(error.name)) return undefined;
  const message: unknown = error.message;
  return typeof message === 'string' ? (unreadable(message) ?? missing(message)) : undefined;
}

function unreadable(message: string): ParameterProblem | undefined {
  const [, name, type] =
    /^Given parameter (.*?) is invalid\. Value \([^]*\) cannot be parsed (?:in)?to (\w+)\.$/.exec(message) ?? [];
  if (name === undefined || type === undefined) return undefined;
  const text = `cannot be parsed into ${type}`;
  return { description: `The parameter ${name} ${text}`, fields: fieldsOf(name, text) };
}

function missing(message: string): ParameterProblem | undefined {
  const [, what] = /^([^]*?) (?:is|are) required for request on /.exec(message) ?? [];
  if (what === undefined) return undefined;
  const [, name = ''] = /"(.*)"/.exec(what) ?? [];
  return { description: `${what.replaceAll('"', "'")} is required`, fields: fieldsOf(name, 'is required') };
}

// Uses an entry and not an assignment: a parameter may have any name, such as `__proto__`.
function fieldsOf(name: string, text: string): FieldTexts {
  return Object.fromEntries([[name, [text]]]);
}
