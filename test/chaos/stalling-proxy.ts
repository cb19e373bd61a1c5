/** Stands between clients and a database, and can stall, cut or refuse their connections. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

type State = 'open' | 'stalled' | 'refusing';

export class StallingProxy {
  #state: State = 'open';
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly to: { readonly host: string; readonly port: number },
  ) {
    server.on('connection', near => {
      this.connect(near);
    });
  }

  static async start(host: string, port: number): Promise<StallingProxy> {
    const proxy = new StallingProxy(createServer(), { host, port });
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Passes nothing on, in both directions, as a network that drops packets. */
  stall(): void {
    this.#state = 'stalled';
    for (const socket of this.#sockets) socket.pause();
  }

  /** Ends all connections, and every new one at once. */
  refuse(): void {
    this.#state = 'refusing';
    this.cut();
  }

  open(): void {
    this.#state = 'open';
    for (const socket of this.#sockets) socket.resume();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private connect(near: Socket): void {
    if (this.#state === 'refusing') {
      near.destroy();
      return;
    }
    const far = connect(this.to.port, this.to.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('data', data => other.write(data));
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroy();
        this.#sockets.delete(socket);
      });
      if (this.#state === 'stalled') socket.pause();
    }
  }
}
