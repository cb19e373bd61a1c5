/** A logger that drops what it is told. */
import type { Logger } from '../core/setting-kinds';

const silent = (): void => undefined;

export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
