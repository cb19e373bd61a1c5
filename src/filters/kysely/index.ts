/** Compiles object filters for kysely. */
export {};
