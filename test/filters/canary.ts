/** Compilers that are wrong on purpose: they show that the differential test can fail. */

/** `naive`: SQL's own three-valued logic, and text as the collation compares it. `null-safe`: only the latter. */
export const canaries = ['naive', 'null-safe'] as const;

export type Canary = (typeof canaries)[number];

// The same condition with `=` in place of the comparison of bytes.
const bytes = [
  /(\S+)::text COLLATE "C"/g,
  /CAST\((\S+) AS text\) COLLATE "C"/g,
  /CAST\(CONVERT\((\S+) USING utf8mb4\) AS BINARY\)/g,
  /CAST\((\S+) AS BLOB\)/g,
];

/** Returns the condition that such a compiler would have written. */
export function canarySql(text: string, canary: Canary): string {
  const withoutBytes = bytes.reduce((written, pattern) => written.replace(pattern, '$1'), text);
  // `NOT x`, which is null where x is.
  return canary === 'naive' ? withoutBytes.replaceAll(' IS NOT TRUE)', ' IS FALSE)') : withoutBytes;
}
