/** Which controllers routing-controllers' own servers serve in this process, and the one warning about those that no server of ours serves. */
import { ExpressDriver } from 'routing-controllers';
import { consoleLogger } from '../../core/settings/logger';
import type { Settings } from '../../core/settings/settings';

type ControllerClass = { readonly name: string };

interface Watch {
  readonly servedByUs: WeakSet<object>;
  /** The controllers of stock servers since the last look. */
  readonly waiting: Set<ControllerClass>;
  /** Such servers are expected, or were warned of. */
  isSettled: boolean;
}

const key = Symbol.for('axioms-routing-controllers/stock-servers');

// The copies of this package that use one routing-controllers share what they know: one serves what another one watches.
const watch = ((ExpressDriver as { [key]?: Watch })[key] ??= {
  servedByUs: new WeakSet(),
  waiting: new Set(),
  isSettled: false,
});

/** Notes that a server of ours serves these controllers. */
export function servedByUs(controllers: Iterable<object>, { stockServers }: Settings): void {
  for (const one of controllers) watch.servedByUs.add(one);
  if (stockServers === 'expected') watch.isSettled = true;
}

const secondsToWait = 0.1;

/**
 * Notes that a stock server serves this controller. The warning waits a moment, because a server of ours may be made
 * after it, but no longer than until the first request or the end of the process.
 */
export function servedByStock(controllerClass: ControllerClass): void {
  if (watch.waiting.size === 0) {
    process.once('exit', warnOfStockServers);
    setTimeout(warnOfStockServers, secondsToWait * 1000).unref();
  }
  watch.waiting.add(controllerClass);
}

/** Warns on the console, once in a process, of the controllers that only stock servers serve. */
export function warnOfStockServers(): void {
  if (watch.waiting.size === 0) return;
  process.off('exit', warnOfStockServers);
  const controllers = [...watch.waiting].filter(one => !watch.servedByUs.has(one)).map(({ name }) => name);
  watch.waiting.clear();
  if (controllers.length === 0 || watch.isSettled) return;
  watch.isSettled = true;
  // Not to the logger of a server: there may be none yet, or several, and the server in question is none of ours.
  consoleLogger.warn(
    "A server made by 'routing-controllers' itself serves controllers in this process, without any rule: every caller reaches their handlers. Import createExpressServer or useExpressServer from 'axioms-routing-controllers'. If you want such a server, give a server of this library the setting 'stockServers' (AXIOMS_STOCK_SERVERS) with the value 'expected', and make it first.",
    { controllers },
  );
}
