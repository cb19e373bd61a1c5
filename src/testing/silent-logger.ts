/** A logger that discards its messages. */
import type { Logger } from '../core/settings/logger';

const silent = (): void => undefined;

/** Discards every message, so that the output of a test run stays readable. */
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
