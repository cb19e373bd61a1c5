/** A logger that discards its messages. */
import type { Logger } from '../core/logger';

const silent = (): void => undefined;

export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
