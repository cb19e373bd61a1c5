/**
 * Describes the parameters, body and responses of a handler with routing-controllers-openapi, without passing it what
 * it cannot read.
 */
import 'reflect-metadata';
import type { ActionMetadata, RoutingControllersOptions } from 'routing-controllers';
import { getHeaderParams, getOperation, type IRoute } from 'routing-controllers-openapi';
import type { Handler } from '../routing-controllers/start/handlers';
import { asOpenApi31 } from './json-schema';
import type { OperationObject, ParameterObject, ResponseObject, SchemaObject } from './open-api';
import type { PathTemplate } from './paths';
import type { ClassSchemas } from './schemas';

type Parameter = ActionMetadata['params'][number];
type ParameterArguments = IRoute['params'][number];

/** An operation without what its rules add. */
export type Described = Omit<OperationObject, 'security' | 'description'> & { readonly description?: string };

/**
 * Returns routing-controllers-openapi's description, and adds the template's parameters, cookies, and the responses
 * without content.
 */
export function describe(
  { action }: Handler,
  template: PathTemplate,
  options: RoutingControllersOptions,
  schemas: ClassSchemas,
): Described {
  const route = readableRoute(action, template, options, schemas);
  const operation = asOpenApi31(getOperation(route, schemas.named)) as Described;
  const parameters = [
    ...(operation.parameters ?? []).map(one => asTemplateHas(one, template)),
    ...cookies(action, route),
  ];
  return {
    ...operation,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { ...operation.responses, ...emptyAnswers(action) },
  };
}

// routing-controllers-openapi reads only the decorators of the class itself, and paths in its own path-to-regexp's
// syntax. It therefore gets the metadata that routing-controllers built, which include inherited ones, and a path that
// has only parameters.
function readableRoute(
  action: ActionMetadata,
  { parameters }: PathTemplate,
  { defaults }: RoutingControllersOptions,
  schemas: ClassSchemas,
): IRoute {
  const { target, method, type, controllerMetadata } = action;
  const path = parameters.map(({ name }) => `/:${name.replace(/\W/g, '_')}`).join('');
  return {
    action: { target, method, type, route: path, options: {} },
    controller: { target: controllerMetadata.target, type: controllerMetadata.type } as IRoute['controller'],
    options: defaults === undefined ? {} : { defaults },
    params: action.params.map(one => argumentsOf(one, schemas)).filter(isReadable),
    responseHandlers: responseHandlers(action),
  };
}

function argumentsOf(parameter: Parameter, schemas: ClassSchemas): ParameterArguments {
  const { type, name, index, method, required, parse } = parameter;
  const object = (parameter.target as { prototype: object }).prototype;
  const args: Record<string, unknown> = { object, method, index, type, name, required, parse };
  return { ...args, explicitType: explicitType(parameter, object, schemas) } as unknown as ParameterArguments;
}

const plain: readonly unknown[] = [String, Number, Boolean, Symbol, Object, Array];

// routing-controllers-openapi refers to a class by its name, which another class may have, too. It therefore gets only
// an object with the schema's unique name.
function explicitType({ targetType, index, method }: Parameter, object: object, schemas: ClassSchemas): unknown {
  const types = Reflect.getMetadata('design:paramtypes', object, method) as unknown[];
  const isExplicit = targetType !== types[index];
  if (typeof targetType !== 'function' || (!isExplicit && plain.includes(targetType))) return undefined;
  return { name: schemas.nameOf(targetType as never) };
}

// Skips `@QueryParams()` and `@HeaderParams()` without a class: they describe nothing, and routing-controllers-openapi
// fails on them.
function isReadable({ type, explicitType: known }: ParameterArguments): boolean {
  return (type !== 'queries' && type !== 'headers') || known !== undefined;
}

function responseHandlers({
  successHttpCode,
  headers,
  controllerMetadata,
}: ActionMetadata): IRoute['responseHandlers'] {
  const contentType = (headers['Content-Type'] ?? headers['content-type']) as unknown;
  const known = { 'success-code': successHttpCode as number | undefined, 'content-type': contentType };
  const found = Object.entries(known).filter(([, value]) => value !== undefined);
  const { target } = controllerMetadata;
  return found.map(([type, value]) => ({ type, value, target })) as unknown as IRoute['responseHandlers'];
}

function asTemplateHas(parameter: ParameterObject, { parameters }: PathTemplate): ParameterObject {
  const known = parameters.find(({ name }) => name.replace(/\W/g, '_') === parameter.name);
  if (parameter.in !== 'path' || known === undefined) return parameter;
  const { name, pattern, description } = known;
  // Replaces the pattern: routing-controllers-openapi uses path-to-regexp's own one, which is no rule of the API.
  const schema = { ...parameter.schema, pattern };
  return {
    ...parameter,
    name,
    required: true,
    schema: asOpenApi31(schema) as SchemaObject,
    ...(description === undefined ? {} : { description }),
  };
}

function cookies(action: ActionMetadata, route: IRoute): readonly ParameterObject[] {
  const params = action.params.filter(({ type }) => type === 'cookie').map(({ index }) => index);
  const asHeaders = route.params
    .filter(({ index }) => params.includes(index))
    .map((one): ParameterArguments => ({ ...one, type: 'header' }));
  const found = asOpenApi31(getHeaderParams({ ...route, params: asHeaders }, {})) as ParameterObject[];
  return found.map(one => ({ ...one, in: 'cookie' }));
}

function emptyAnswers({
  undefinedResultCode,
  nullResultCode,
}: ActionMetadata): Readonly<Record<string, ResponseObject>> {
  const codes = [undefinedResultCode, nullResultCode].filter(code => typeof code === 'number');
  return Object.fromEntries(
    codes.map(code => [code, { description: code < 400 ? 'Nothing to tell' : 'Nothing there' }]),
  );
}
