/**
 * Tracks which controllers are served by routing-controllers' own ("stock") servers in this process, and warns once
 * about those that no server of this library serves.
 */
import { ExpressDriver } from 'routing-controllers';
import { consoleLogger } from '../../core/settings/logger';
import type { Settings } from '../../core/settings/settings';

type ControllerClass = { readonly name: string };

interface Watch {
  readonly servedByUs: WeakSet<object>;
  /** The controllers of stock servers that were registered since the last check. */
  readonly waiting: Set<ControllerClass>;
  /** Whether no warning is due: stock servers are expected, or the warning has been logged. */
  isSettled: boolean;
}

const key = Symbol.for('axioms-routing-controllers/stock-servers');

// All copies of this package that use the same routing-controllers share this state: one copy may serve the controllers
// that another copy watches.
const watch = ((ExpressDriver as { [key]?: Watch })[key] ??= {
  servedByUs: new WeakSet(),
  waiting: new Set(),
  isSettled: false,
});

/** Records that a server of this library serves these controllers. */
export function servedByUs(controllers: Iterable<object>, { stockServers }: Settings): void {
  for (const one of controllers) watch.servedByUs.add(one);
  if (stockServers === 'expected') watch.isSettled = true;
}

const secondsToWait = 0.1;

/**
 * Records that a stock server serves this controller. The warning is delayed, because a server of this library may be
 * made later. It is logged at the latest on the first request or at the end of the process.
 */
export function servedByStock(controllerClass: ControllerClass): void {
  if (watch.waiting.size === 0) {
    process.once('exit', warnOfStockServers);
    setTimeout(warnOfStockServers, secondsToWait * 1000).unref();
  }
  watch.waiting.add(controllerClass);
}

/** Warns on the console, once per process, about the controllers that only stock servers serve. */
export function warnOfStockServers(): void {
  if (watch.waiting.size === 0) return;
  process.off('exit', warnOfStockServers);
  const controllers = [...watch.waiting].filter(one => !watch.servedByUs.has(one)).map(({ name }) => name);
  watch.waiting.clear();
  if (controllers.length === 0 || watch.isSettled) return;
  watch.isSettled = true;
  // Uses the console and not a server's logger: there may be no server of this library yet, or several, and none of
  // them is the server in question.
  consoleLogger.warn(
    "A server made by 'routing-controllers' itself serves controllers in this process, without any rule: every caller reaches their handlers. Import createExpressServer or useExpressServer from 'axioms-routing-controllers'. If you want such a server, give a server of this library the setting 'stockServers' (AXIOMS_STOCK_SERVERS) with the value 'expected', and make it first.",
    { controllers },
  );
}
