/** The API as an OpenAPI document, including its rules: `axioms-routing-controllers/openapi`. */
export { openApiDocument, type OpenApiOptions } from './document';
export type * from './open-api';
export { serveOpenApi, type ServeOpenApiOptions } from './serve';
