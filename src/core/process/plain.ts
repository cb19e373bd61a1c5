/**
 * `AXIOMS_PLAIN=1` turns off the caches and shortcuts that ARCHITECTURE.md marks, and nothing else. Every answer must stay
 * the same: CI runs the tests with it, too. For tests only.
 */

/** Whether the library works without its caches and shortcuts. Read once, when the package is loaded. */
export const isPlain = process.env.AXIOMS_PLAIN === '1';

/** The environment variable. It is not a setting. */
export const plainVariable = 'AXIOMS_PLAIN';

export const plainWarning = `The variable ${plainVariable} turns off every cache and shortcut. It is for tests: unset it elsewhere.`;
