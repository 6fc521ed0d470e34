// The conformance host (samples/SocketIO.Conformance) as a child process on a free port.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const program = resolve(
  process.env.SOCKETIO_HOST ?? join(import.meta.dirname, '../../samples/SocketIO.Conformance/bin/Debug/net10.0/SocketIO.Conformance.dll'));

export class Host {
  #child;

  static async start(port) {
    const host = new Host();
    host.port = port ?? await freePort();
    host.url = `http://127.0.0.1:${host.port}`;
    host.#child = spawn('dotnet', [program, '--urls', host.url], { stdio: 'inherit' });
    await until(async () => (await fetch(`${host.url}/engine.io/`).catch(() => undefined))?.status === 400, 'the host answers');
    return host;
  }

  /** Ends the process as a loss of power would. */
  async kill() {
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Asks again until the condition holds; fails when it does not in time. */
export async function until(condition, what, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`in ${milliseconds} ms it did not come to pass that ${what}`);
    await delay(10);
  }
}

/** The arguments of the next event of that name. */
export function next(emitter, event, milliseconds = 20_000) {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error(`no '${event}' in ${milliseconds} ms`)), milliseconds);
    emitter.once(event, (...args) => {
      clearTimeout(late);
      done(args);
    });
  });
}
