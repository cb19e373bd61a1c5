/** The parts of OpenAPI 3.1's types that this library writes. */
import type { Requirement } from '../core/requirements/requirement';

/** A JSON Schema of draft 2020-12. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/**
 * Names of security schemes, each with the required scopes. All of the schemes are required together (OpenAPI 3.1
 * §4.8.30).
 */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/** Describes a parameter of an operation (OpenAPI 3.1 §4.8.12). */
export interface ParameterObject {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: SchemaObject;
}

/** Describes a header field of a response (OpenAPI 3.1 §4.8.21). */
export interface HeaderObject {
  readonly description: string;
  readonly schema: SchemaObject;
  readonly example?: string;
}

/** Describes a response of an operation (OpenAPI 3.1 §4.8.17). */
export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** A handler at one path, for one method. */
export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: Readonly<Record<string, unknown>>;
  readonly responses: Readonly<Record<string, ResponseObject>>;
  /** The alternatives. An empty list means that anonymous callers are allowed. */
  readonly security: readonly SecurityRequirement[];
  /** What each object of the list that is answered must satisfy, if the list is filtered for its caller. */
  readonly 'x-authorized-filter'?: Requirement;
}

/** Operations by method, in lower case. */
export type PathItemObject = Readonly<Record<string, OperationObject>>;

/** Describes the API as a whole: its title, version and description (OpenAPI 3.1 §4.8.2). */
export interface InfoObject {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

/** Describes a place where the API is served (OpenAPI 3.1 §4.8.5). */
export interface ServerObject {
  readonly url: string;
  readonly description?: string;
}

/** Holds a whole document (OpenAPI 3.1 §4.8.1). */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: InfoObject;
  readonly servers?: readonly ServerObject[];
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, SchemaObject>>;
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}
