/** Compiles object filters for drizzle. */
export {};
