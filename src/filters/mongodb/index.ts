/** Compiles object filters for mongodb. */
export {};
