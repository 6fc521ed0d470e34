// Unmodified socket.io-client in the namespace of a space: the log in order and without a gap, whatever becomes of the connection.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { Server } from './server.mjs';
import { until } from './tools.mjs';

const space = 'plans';
let server;
let sockets = [];

afterEach(async () => {
  for (const socket of sockets) socket.close();
  sockets = [];
  await server?.stop();
});

function connect(transports) {
  const socket = io(`${server.url}/spaces/${space}`, { transports, forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50 });
  sockets.push(socket);
  return socket;
}

/** Follows from where it stands whenever it is let in; every operation is kept as it came. */
function follow(socket) {
  const follower = { operations: [], cursor: 0, epoch: undefined, joined: 0, problems: [] };
  socket.on('ready', ({ epoch }) => {
    follower.joined++;
    socket.emit('follow', { after: follower.cursor, epoch: follower.epoch ?? epoch });
  });
  socket.on('operations', ({ operations, cursor, epoch }) => {
    follower.operations.push(...operations);
    ({ cursor: follower.cursor, epoch: follower.epoch } = { cursor, epoch });
  });
  socket.on('error', (error) => follower.problems.push(error));
  return follower;
}

let clock = 0;
const note = () => ({ scope: 'note', resourceId: 'n', actor: 'writer', clock: ++clock, payload: { text: `note ${clock}` } });

/** About a thousand operations a second, in batches, until it is stopped. */
async function write(stop) {
  let head = 0;
  while (!stop.aborted) {
    const operations = Array.from({ length: 25 }, note);
    ({ head } = await server.ok('POST', `/spaces/${space}/push`, { operations }));
    await delay(25);
  }
  return head;
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`twenty lost connections in the middle of a thousand operations a second, over ${transports.join(' and then ')}`, async () => {
    clock = 0;
    server = await Server.start();
    await server.ok('POST', '/spaces', { id: space, name: 'Plans' });
    const socket = connect(transports);
    const follower = follow(socket);
    const stop = new AbortController();
    const writing = write(stop.signal);
    for (let i = 1; i <= 20; i++) {
      await until(() => follower.joined >= i && follower.operations.length >= i * 50, `it is there for the ${i}th time`);
      socket.io.engine.close();
      await until(() => follower.joined > i, 'it is back');
    }
    stop.abort();
    const head = await writing;
    await until(() => follower.cursor === head, 'everything is there');
    assert.deepEqual(follower.problems, []);
    assert.deepEqual(follower.operations.map(({ seq }) => seq), [...Array(head).keys()].map((seq) => seq + 1));
  });
}

test('followers over Socket.IO and by long poll see the same operations in the same order, also when the server is killed', async () => {
  clock = 0;
  server = await Server.start();
  await server.ok('POST', '/spaces', { id: space, name: 'Plans' });
  const followers = [follow(connect(['websocket'])), follow(connect(['polling']))];
  const polled = [];
  let over = false;
  const polling = (async () => {
    for (let after = 0, epoch; !over;) {
      try {
        const page = await server.ok('GET', `/spaces/${space}/pull?after=${after}&wait=5${epoch ? `&epoch=${epoch}` : ''}`);
        polled.push(...page.operations);
        ({ cursor: after, epoch } = page);
      } catch {
        await delay(10); // The server is away.
      }
    }
  })();
  let head = 0;
  for (let i = 0; i < 4; i++) {
    const stop = new AbortController();
    const writing = write(stop.signal);
    await until(() => polled.length > head + 200 && followers.every(({ operations }) => operations.length > head + 200), 'all see what is written');
    stop.abort();
    head = await writing;
    await server.kill();
    await server.restart();
  }
  await until(() => polled.length === head && followers.every(({ cursor }) => cursor === head), 'everything is there');
  over = true;
  await server.ok('POST', `/spaces/${space}/push`, { operations: [note()] });
  await polling;
  const expected = polled.slice(0, head).map((operation) => JSON.stringify(operation));
  for (const { operations, problems } of followers) {
    assert.deepEqual(problems.filter(({ retryable }) => !retryable), []);
    assert.deepEqual(operations.slice(0, head).map((operation) => JSON.stringify(operation)), expected);
  }
});

test('pushes by event are judged and acknowledged, refusals have their codes, and two tabs see each other', async () => {
  server = await Server.start();
  await server.ok('POST', '/spaces', { id: space, name: 'Plans' });
  const [a, b] = [connect(['websocket']), connect(['polling', 'websocket'])];
  const there = new Map();
  b.on('presence', ({ connections, left, full }) => {
    if (full) there.clear();
    for (const connection of connections) there.set(connection.connectionId, connection.state);
    for (const id of left) there.delete(id);
  });
  const ask = (socket, event, argument) => socket.timeout(10_000).emitWithAck(event, argument);
  const operation = { scope: 'note', resourceId: 'n', actor: 'tab', clock: 1, payload: 1 };
  const pushed = await ask(a, 'push', { operations: [operation, { ...operation, clock: 0 }] });
  assert.deepEqual([pushed.ok, pushed.head, pushed.results.map(({ status }) => status)], [true, 1, ['accepted', 'rejected']]);
  const refused = await ask(a, 'push', { operations: 7 });
  assert.deepEqual([refused.ok, refused.error.code, refused.error.retryable], [false, 'invalid_request', false]);
  assert.equal((await ask(a, 'presence', { state: { at: 1 } })).ok, true);
  assert.equal((await ask(b, 'presence', { state: { at: 2 } })).ok, true);
  await until(() => there.size === 2, 'both are there');
  const id = a.id;
  a.close();
  await until(() => there.size === 1 && !there.has(id), 'one has gone');
  const nowhere = io(`${server.url}/spaces/nowhere`, { forceNew: true });
  sockets.push(nowhere);
  const error = await new Promise((done) => nowhere.on('connect_error', done));
  assert.equal(error.data.code, 'not_found');
});
