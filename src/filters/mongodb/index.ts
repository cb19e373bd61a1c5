/** Compiles object filters to filter documents of MongoDB. */
export { toMongo, type MongoFilter, type MongoOptions } from './to-mongo';
export type { MongoProperties, MongoType } from './properties';
