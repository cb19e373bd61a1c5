/** Compiles object filters for typeorm. */
export {};
