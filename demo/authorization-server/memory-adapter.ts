/* eslint-disable @typescript-eslint/require-await -- the interface is for stores that are elsewhere */
import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Where oidc-provider keeps sessions, grants and codes: in memory, until they expire or the process ends. */
export function memoryAdapter(): AdapterFactory {
  const payloads = new LRUCache<string, AdapterPayload>({ max: 10_000 });
  return model => new MemoryAdapter(model, payloads);
}

class MemoryAdapter implements Adapter {
  constructor(
    private readonly model: string,
    private readonly payloads: LRUCache<string, AdapterPayload>,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn = 3600) {
    this.payloads.set(this.key(id), payload, { ttl: expiresIn * 1000 });
  }

  async find(id: string) {
    return this.payloads.get(this.key(id));
  }

  async findByUid(uid: string) {
    return this.findWhere(payload => payload.uid === uid);
  }

  async findByUserCode(userCode: string) {
    return this.findWhere(payload => payload.userCode === userCode);
  }

  async consume(id: string) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string) {
    this.payloads.delete(this.key(id));
  }

  async revokeByGrantId(grantId: string) {
    // Of this model only: a user who signs in after another one has an interaction with the grant of that session.
    for (const [key, payload] of this.payloads)
      if (this.isOfThisModel(key) && payload.grantId === grantId) this.payloads.delete(key);
  }

  private findWhere(matches: (payload: AdapterPayload) => boolean) {
    const ofThisModel = [...this.payloads].filter(([key]) => this.isOfThisModel(key));
    return ofThisModel.map(([, payload]) => payload).find(matches);
  }

  private isOfThisModel(key: string) {
    return key.startsWith(this.key(''));
  }

  private key(id: string) {
    return `${this.model}:${id}`;
  }
}
