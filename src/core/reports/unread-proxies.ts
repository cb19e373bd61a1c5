/** Warns where limits by address cannot tell callers apart, because of how the app reads the header fields of proxies. */
import type { Logger } from '../settings/logger';

/** The parts of an Express request that say so. */
interface ProxiedRequest {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly app?: { get(setting: string): unknown } | undefined;
}

const warned = new WeakSet<object>();

/**
 * Warns once for each app if a request has `X-Forwarded-For` while the setting `trust proxy` of Express is off (the address of
 * the proxy then counts for all callers) or true (callers can then write any address).
 */
export function warnOfUnreadProxies({ headers, app }: ProxiedRequest, logger: Logger): void {
  if (headers['x-forwarded-for'] === undefined || app === undefined || warned.has(app)) return;
  const trusted = app.get('trust proxy');
  const isOff = trusted === undefined || trusted === false;
  if (!isOff && trusted !== true) return;
  warned.add(app);
  logger.warn(
    isOff
      ? "A request has X-Forwarded-For, and Express's setting 'trust proxy' is off: limits by address count the proxy instead of the callers. Name the proxies that are in front, such as app.set('trust proxy', 1)."
      : "A request has X-Forwarded-For, and Express's setting 'trust proxy' is true: a caller can write any address into that field, and so escape limits by address. Name the proxies that are in front, such as app.set('trust proxy', 1).",
  );
}
