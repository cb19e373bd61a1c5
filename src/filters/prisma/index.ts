/** Compiles object filters for prisma. */
export {};
