/** As much of an OpenAPI 3.1 document's shape as is written here. */

/** A JSON Schema of draft 2020-12. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** Names of security schemes with the scopes that are needed; all of them together (OpenAPI 3.1 §4.8.30). */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

export interface ParameterObject {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: SchemaObject;
}

export interface HeaderObject {
  readonly description: string;
  readonly schema: SchemaObject;
  readonly example?: string;
}

export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** A handler at one path, asked with one method. */
export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: Readonly<Record<string, unknown>>;
  readonly responses: Readonly<Record<string, ResponseObject>>;
  /** The alternatives; empty: nobody in particular may. */
  readonly security: readonly SecurityRequirement[];
}

/** Operations by method in small letters. */
export type PathItemObject = Readonly<Record<string, OperationObject>>;

export interface InfoObject {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

export interface ServerObject {
  readonly url: string;
  readonly description?: string;
}

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
