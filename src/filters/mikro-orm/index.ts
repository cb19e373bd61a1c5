/** Compiles object filters for mikro-orm. */
export {};
