/** What the parent and its processes agree on. */

export type Deployment = {
  readonly issuer: string;
  readonly port: number;
} & (
  | { readonly engine: 'redis'; readonly sentinelPort: number; readonly group: string }
  | { readonly engine: 'postgres'; readonly url: string; readonly denylistPort: number }
);

/** A fault of the code, which the chaos must find: a check that cannot fail is worth nothing. */
export const plants = ['forgetful-denylist', 'forgetful-store', 'server-error', 'no-retry-after'] as const;
export type Plant = (typeof plants)[number];

export interface ChaosOrders {
  readonly deployments: readonly Deployment[];
  readonly passwordHash: string;
  /** Seconds by which the clock of the microservice is off. */
  readonly clockOffset: number;
  readonly plant?: Plant | undefined;
}
