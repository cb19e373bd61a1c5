/** A store in the memory of this process, for tests. */
import {
  endOf,
  ownerKey,
  type MicroserviceStore,
  type RefreshFamily,
  type Rotation,
  type StoredSigningKey,
} from './store';

/**
 * Creates a store in the memory of this process, for tests. A restart signs all users out, and processes do not share
 * families and keys.
 *
 * @example
 * const store = memoryStore();
 */
export function memoryStore(): MicroserviceStore {
  return new MemoryStore();
}

class MemoryStore implements MicroserviceStore {
  readonly #families = new Map<string, RefreshFamily>();
  readonly #keys = new Map<string, StoredSigningKey>();
  readonly #used = new Map<string, number>();

  addFamily(family: RefreshFamily): Promise<void> {
    this.#families.set(family.handle, family);
    return Promise.resolve();
  }

  findFamily(handle: string): Promise<RefreshFamily | undefined> {
    return Promise.resolve(this.#families.get(handle));
  }

  rotateFamily({ handle, from, generation, to, previous = from, at, idleUntil }: Rotation): Promise<boolean> {
    const family = this.#families.get(handle);
    if (family?.current !== from || family.generation !== generation) return Promise.resolve(false);
    const next = { current: to, previous, generation: generation + 1, rotatedAt: at, idleUntil };
    this.#families.set(handle, { ...family, ...next });
    return Promise.resolve(true);
  }

  removeFamily(handle: string): Promise<boolean> {
    return Promise.resolve(this.#families.delete(handle));
  }

  familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]> {
    const all = [...this.#families.values()];
    return Promise.resolve(all.filter(family => family.issuer === issuer && family.userId === userId));
  }

  addSigningKey(key: StoredSigningKey): Promise<boolean> {
    const place = ownerKey(key.issuer, String(key.generation));
    if (this.#keys.has(place)) return Promise.resolve(false);
    this.#keys.set(place, key);
    return Promise.resolve(true);
  }

  signingKeys(issuer: string): Promise<readonly StoredSigningKey[]> {
    return Promise.resolve([...this.#keys.values()].filter(key => key.issuer === issuer));
  }

  removeSigningKey(issuer: string, generation: number): Promise<void> {
    this.#keys.delete(ownerKey(issuer, String(generation)));
    return Promise.resolve();
  }

  useOnce(key: string, until: number): Promise<boolean> {
    if (this.#used.has(key)) return Promise.resolve(false);
    this.#used.set(key, until);
    return Promise.resolve(true);
  }

  removeExpired(now: number): Promise<number> {
    const families = [...this.#families.values()].filter(family => endOf(family) <= now);
    const used = [...this.#used].filter(([, until]) => until <= now);
    for (const { handle } of families) this.#families.delete(handle);
    for (const [key] of used) this.#used.delete(key);
    return Promise.resolve(families.length + used.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
