// The conformance host (samples/SocketIO.Conformance) as a child process on a free port.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { freePort } from '../peers/server.mjs';
import { until } from '../peers/tools.mjs';

export { freePort, until };

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
