/** An nginx of its own, with its own configuration, folder and port, in front of processes or servers. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { pause } from './random';

export class Nginx {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  #process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  /** @returns why there is no nginx; nothing where there is */
  static missing(): string | undefined {
    return spawnSync('nginx', ['-v']).error?.message;
  }

  /** @param ports those of the processes */
  static start(ports: readonly number[]): Promise<Nginx> {
    return Nginx.startWith((_, port) => inFrontOf(port, ports));
  }

  /**
   * @param blocks returns the blocks `upstream` and `server`
   * @param port the port to listen on, of the loopback interface; a free one if it is not given
   */
  static async startWith(blocks: (folder: string, port: number) => string, port?: number): Promise<Nginx> {
    const nginx = new Nginx(port ?? (await freePort()));
    const file = join(nginx.#folder, 'nginx.conf');
    writeFileSync(file, configuration(nginx.#folder, blocks(nginx.#folder, nginx.port)));
    const options = ['-p', nginx.#folder, '-c', file, '-e', join(nginx.#folder, 'error.log')];
    nginx.#process = spawn('nginx', options, { stdio: 'inherit' });
    await nginx.untilListening();
    return nginx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  private async untilListening(): Promise<void> {
    const end = performance.now() + 10_000;
    // What answers may be something else that has taken the port: nginx writes this file once it has it.
    const written = join(this.#folder, 'nginx.pid');
    while (!existsSync(written) || !(await answers(this.port))) {
      if (performance.now() > end) throw new Error('nginx did not listen in ten seconds.');
      await pause(0.05);
    }
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

function configuration(folder: string, blocks: string): string {
  return `
daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${blocks}
}
`;
}

// A process that is being replaced refuses connections, and the next one gets the request. `max_fails=0` keeps every process
// in use: one that has just come back gets requests at once.
function inFrontOf(port: number, ports: readonly number[]): string {
  return `
  upstream api { ${ports.map(one => `server 127.0.0.1:${one} max_fails=0;`).join(' ')} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://api;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 2s;
      proxy_next_upstream error timeout;
    }
  }`;
}
