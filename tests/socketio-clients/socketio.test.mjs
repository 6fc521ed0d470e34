// Unmodified socket.io-client, the newest 4.x and the oldest, over each transport.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { io as newest } from 'socket.io-client';
import { io as oldest } from 'socket.io-client-oldest';
import { Host, next, until } from './host.mjs';

const ways = [['polling'], ['websocket'], ['polling', 'websocket']];
const clients = [['4.8.4', newest], ['4.0.0', oldest]];
let host;
let opened = [];

before(async () => { host = await Host.start(); });
after(() => host.kill());
afterEach(() => {
  for (const socket of opened) socket.close();
  opened = [];
});

for (const [version, io] of clients) {
  for (const transports of ways) {
    const connectTo = (url, options = {}) => {
      const socket = io(url, { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100, ...options });
      opened.push(socket);
      return socket;
    };
    const connect = (path = '', options = {}) => connectTo(host.url + path, options);
    const title = `socket.io-client ${version} over ${transports.join(' and then ')}`;

    test(`${title}: joins, says who it is, and is refused where nothing is`, async () => {
      const socket = connect('/', { auth: { token: '123' } });
      assert.deepEqual(await next(socket, 'auth'), [{ token: '123' }]);
      const custom = connect('/custom');
      assert.deepEqual(await next(custom, 'auth'), [{}]);
      const nowhere = connect('/nowhere');
      const [error] = await next(nowhere, 'connect_error');
      assert.equal(error.message, 'Invalid namespace');
    });

    test(`${title}: two namespaces share a connection and leave it one by one`, async () => {
      const main = connect();
      await next(main, 'connect');
      const custom = main.io.socket('/custom', {});
      await next(custom, 'auth');
      custom.close();
      main.emit('message', 'still there');
      assert.deepEqual(await next(main, 'message-back'), ['still there']);
    });

    test(`${title}: events and acknowledgements keep text, numbers, nesting and bytes`, async () => {
      const socket = connect();
      await next(socket, 'connect');
      const values = [1, 1.5, 'häß ☃ 𝄞', null, true, { a: [{ b: Buffer.from([1, 2, 3]) }], c: 'd'.repeat(10_000) }, Buffer.alloc(70_000, 7), Buffer.alloc(0)];
      socket.emit('message', ...values);
      assert.deepEqual(await next(socket, 'message-back'), values);
      const acknowledged = await new Promise((done) => socket.emit('message-with-ack', ...values, (...args) => done(args)));
      assert.deepEqual(acknowledged, values);
    });

    test(`${title}: a thousand events stay in order, also while the transport changes`, async () => {
      const socket = connect();
      const back = [];
      socket.on('message-back', (number) => back.push(number));
      await next(socket, 'connect');
      for (let i = 0; i < 1_000; i++) {
        socket.emit('message', i);
        if (i % 50 === 0) await new Promise((done) => setImmediate(done));
      }
      await until(() => back.length >= 1_000, 'all have come back');
      assert.deepEqual(back, [...Array(1_000).keys()]);
      if (transports.length > 1) await until(() => socket.io.engine.transport.name === 'websocket', 'the transport is changed');
    });

    test(`${title}: a room gets what one of it says, and nobody else does`, async () => {
      const [a, b, c] = [connect(), connect(), connect()];
      await Promise.all([a, b, c].map((socket) => next(socket, 'connect')));
      const heard = { a: [], b: [], c: [] };
      for (const [name, socket] of Object.entries({ a, b, c })) socket.on('msg', (message) => heard[name].push(message));
      for (const socket of [a, b]) await new Promise((done) => socket.emit('join', `room ${version} ${transports}`, done));
      for (let i = 0; i < 100; i++) a.emit('msg', `room ${version} ${transports}`, { i, bytes: Buffer.from([i]) });
      await until(() => heard.b.length === 100, 'all was heard');
      assert.deepEqual(heard.b, [...Array(100).keys()].map((i) => ({ i, bytes: Buffer.from([i]) })));
      assert.deepEqual([heard.a, heard.c], [[], []]);
    });

    test(`${title}: stays through many pings, with nothing else to say`, async () => {
      const socket = connect();
      await next(socket, 'connect');
      let pings = 0;
      socket.io.engine.on('packet', ({ type }) => { pings += type === 'ping' ? 1 : 0; });
      await until(() => pings >= 5, 'five pings have come');
      assert.ok(socket.connected);
    });

    test(`${title}: a message that is too large ends the connection, and it comes again`, async () => {
      const socket = connect();
      await next(socket, 'connect');
      socket.emit('message', 'x'.repeat(900_000));
      const [large] = await next(socket, 'message-back');
      assert.equal(large.length, 900_000);
      const gone = next(socket, 'disconnect');
      const again = next(socket, 'connect');
      socket.emit('message', Buffer.alloc(1_100_000));
      await gone;
      await again;
    });

    test(`${title}: the server is killed and started again, and the client is back`, async () => {
      const own = await Host.start();
      const socket = connectTo(own.url);
      await next(socket, 'connect');
      const gone = next(socket, 'disconnect');
      const again = next(socket, 'connect');
      await own.kill();
      await gone;
      const restarted = await Host.start(own.port);
      await again;
      socket.emit('message', 'back');
      assert.deepEqual(await next(socket, 'message-back'), ['back']);
      socket.close();
      await restarted.kill();
    });
  }
}
