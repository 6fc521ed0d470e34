// Unmodified engine.io-client against the bare Engine.IO of the host.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Socket } from 'engine.io-client';
import { Host, next, until } from './host.mjs';

let host;

before(async () => { host = await Host.start(); });
after(() => host.kill());

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  const title = `engine.io-client over ${transports.join(' and then ')}`;
  const open = async () => {
    const socket = new Socket(host.url, { path: '/engine.io/', transports });
    socket.binaryType = 'arraybuffer';
    await next(socket, 'open');
    return socket;
  };

  test(`${title}: text and bytes come back in order`, async () => {
    const socket = await open();
    const received = [];
    socket.on('message', (message) => received.push(typeof message === 'string' ? message : [...new Uint8Array(message)]));
    const sent = [];
    for (let i = 0; i < 500; i++) {
      sent.push(i % 3 === 0 ? [i & 255, 1, 2] : `wörd ${i}`);
      socket.send(typeof sent[i] === 'string' ? sent[i] : Buffer.from(sent[i]));
      if (i % 20 === 0) await new Promise((done) => setImmediate(done));
    }
    await until(() => received.length === sent.length, 'all came back');
    assert.deepEqual(received, sent);
    if (transports.length > 1) await until(() => socket.transport.name === 'websocket', 'the transport is changed');
    socket.close();
  });

  test(`${title}: stays while it answers pings, and closes when it wants to`, async () => {
    const socket = await open();
    let pings = 0;
    socket.on('ping', () => { pings++; });
    await until(() => pings >= 4, 'four pings have come');
    const closed = next(socket, 'close');
    socket.close();
    await closed;
  });
}

test('a client of Engine.IO 3 gets the documented refusal', async () => {
  const answer = await fetch(`${host.url}/engine.io/?EIO=3&transport=polling`);
  assert.deepEqual([answer.status, await answer.json()], [400, { code: 5, message: 'Unsupported protocol version' }]);
});
