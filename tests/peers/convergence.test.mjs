// Five peers of the published package edit one tree at random, through lost replies, absences and a server that is killed, and must all end
// with the tree that the server has. Once more with a server that compacts the log and stores snapshots all the while.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { afterEach, test } from 'node:test';
import { join } from 'node:path';
import { RepTree } from 'reptree';
import { Server } from './server.mjs';
import { digestOf, Random, seed, until } from './tools.mjs';

const edits = Number(process.env.EDITS ?? 900);
const kills = 5;
const endsWithin = 120_000;
const space = 'convergence';
const byHttp = [
  { peerId: 'peer-a', polls: 'vectors with clientId' },
  { peerId: 'peer-b', polls: 'cursor and vectors' },
  { peerId: 'peer-c', polls: 'vectors' },
  { peerId: 'peer-d', polls: 'cursor' },
  { peerId: 'peer-e', polls: 'vectors with clientId', fromOperations: true },
];
const byEvents = byHttp.map(({ peerId, fromOperations }) => ({ peerId, fromOperations, polls: 'events' }));
const busy = [
  '--Engine:MaintenanceInterval=00:00:01', '--Engine:HistoryTime=00:00:00', '--Engine:SnapshotOperationsMin=200', '--Engine:CompactionStepMax=50',
];
let server;
let peers = [];

afterEach(async () => {
  for (const peer of peers) peer.end();
  peers = [];
  await server?.stop();
});

class Peer {
  acknowledged = 0;
  #waiting;

  constructor(settings) {
    this.id = settings.peerId;
    this.process = fork(join(import.meta.dirname, 'peer.mjs'), [JSON.stringify(settings)]);
    this.done = new Promise((done, fail) => {
      this.process.on('message', (message) => {
        if (message.acknowledged) this.acknowledged += message.acknowledged;
        if (message.done) done();
        if (message.answer) this.#waiting.done(message.answer);
        if (message.failed) {
          const error = new Error(`${this.id}: ${message.failed}`);
          fail(error);
          this.#waiting?.fail(error);
        }
      });
      this.process.on('exit', (code) => fail(new Error(`${this.id} ended with ${code}`)));
    });
    this.done.catch(() => {});
  }

  ask(question, more) {
    return new Promise((done, fail) => {
      this.#waiting = { done, fail };
      this.process.send({ question, ...more });
    });
  }

  end() {
    this.process.kill('SIGKILL');
  }
}

test(`five peers and the server end with the same tree (seed ${seed})`, (t) => converge(t, [], assertLogIsWhole));
test(`and so they do while the log is compacted (seed ${seed})`, (t) => converge(t, busy, assertLogIsCompacted));
test(`and over the events of Socket.IO (seed ${seed})`, (t) => converge(t, [], assertLogIsWhole, byEvents));

async function converge(t, settings, assertLog, kinds = byHttp) {
  server = await Server.start(...settings);
  await server.ok('POST', '/spaces', { id: space, name: 'Convergence' });

  // A founder that makes the tree and is not heard of again.
  const founder = new RepTree('founder');
  const treeId = founder.createRoot().id;
  for (let i = 0; i < 8; i++) founder.newVertex(treeId, { name: `first ${i}` });
  const founding = founder.popLocalOps();
  founder.state.dispose();
  await server.ok('PUT', `/spaces/${space}/operations`, { treeId, operations: founding.map((operation) => ({ operation })) });

  const random = new Random(seed);
  for (const { fromOperations, ...kind } of kinds)
    peers.push(new Peer({ ...kind, url: server.url, space, treeId, edits, seed: random.below(2 ** 31), startsFrom: fromOperations && founding }));
  const { promise: isTooLate, reject: tooLate } = rejectable();
  const allDone = Promise.all(peers.map((peer) => peer.done));
  const total = () => peers.reduce((sum, peer) => sum + peer.acknowledged, 0);

  // In the middle of traffic: after shares of what they will push, which is somewhat more than their edits.
  const expected = edits * peers.length;
  for (let i = 1; i <= kills; i++) {
    const enough = Math.floor((expected * (i - 0.5 + random.next() * 0.5)) / (kills + 0.5));
    await Promise.race([until(() => total() >= enough, `${enough} operations are acknowledged`, 60_000), allDone.then(() => assert.fail('the kill came too late'))]);
    await server.kill();
    await server.restart();
  }
  const late = setTimeout(async () => {
    const statuses = await Promise.all(peers.map(async (peer) => `${peer.id}: ${JSON.stringify(await peer.ask('status'))}`));
    tooLate(new Error(`after ${endsWithin} ms not all peers are done\n${statuses.join('\n')}\n${server.output}`));
  }, endsWithin);
  await Promise.race([allDone, isTooLate]);
  clearTimeout(late);

  // Every outbox is empty, so one round in which everybody asks until nothing comes brings everything to everybody.
  for (const { outbox } of await Promise.all(peers.map((peer) => peer.ask('settle')))) assert.equal(outbox, 0);
  const reports = await Promise.all(peers.map((peer) => peer.ask('report')));

  const log = await server.log(space, 500);
  const acknowledged = [...founding.map(({ id }) => `${id.counter}@${id.peerId}`), ...reports.flatMap((report) => report.acknowledged)].sort();
  assert.equal(log.head, acknowledged.length);
  assert.ok(acknowledged.length > edits * peers.length * 0.8, `only ${acknowledged.length} operations`);
  await assertLog(t, log, acknowledged);

  const [expectedTree, ...others] = [
    ...reports.map((report, i) => [peers[i].id, report.vertices]),
    ['the server', (await server.ok('GET', `/spaces/${space}/trees/${treeId}?deleted=true`)).vertices],
  ];
  for (const [name, vertices] of others) assertSameTree(expectedTree[1], vertices, `${expectedTree[0]} and ${name}`);
  for (const byCursor of [false, true])
    assertSameTree(expectedTree[1], await latecomer(treeId, byCursor), `${expectedTree[0]} and one that comes last`);
  await assertServedInOrder(treeId, reports[0].vertices, log);

  const idle = await Promise.all(peers.map((peer) => peer.ask('idle', { timeout: 700 })));
  idle.forEach((polls, i) => {
    for (const { operations, took } of polls) {
      assert.deepEqual(operations, [], `${peers[i].id} (${kinds[i].polls}) is sent something for ever`);
      assert.ok(took > 680, `${peers[i].id} (${kinds[i].polls}) did not park: ${took} ms`);
    }
  });

  t.diagnostic(`${acknowledged.length} operations, ${reports[0].vertices.length} vertices, ${kills} kills`);
  for (const [i, report] of reports.entries()) t.diagnostic(`${peers[i].id} (${kinds[i].polls}): ${JSON.stringify(report.counts)}`);
}

const identityOf = ({ clock, actor }) => `${clock}@${actor}`;

async function assertLogIsWhole(t, log, acknowledged) {
  log.operations.forEach((operation, i) => assert.equal(operation.seq, i + 1));
  assert.equal(log.digest, digestOf(log.operations));
  assert.deepEqual(log.operations.map(identityOf).sort(), acknowledged, 'the log is not what was acknowledged, each once');
}

async function assertLogIsCompacted(t, log, acknowledged) {
  const known = new Set(acknowledged);
  for (const operation of log.operations) assert.ok(known.has(identityOf(operation)), `${identityOf(operation)} was never acknowledged`);
  const dropped = acknowledged.length - log.operations.length;
  assert.ok(dropped > acknowledged.length / 20, `only ${dropped} were dropped`);

  t.diagnostic(`${dropped} of ${acknowledged.length} operations were dropped`);
}

// A peer that has nothing gets everything, page by page: a cut answer to vectors alone has no cursor, one to a cursor always has.
async function latecomer(treeId, byCursor) {
  const tree = new RepTree(byCursor ? 'late-by-cursor' : 'late-by-vectors', [
    // Not by the constructor's own "0", which nobody would ever hear of.
    { id: { counter: 1, peerId: 'founder' }, targetId: '0', parentId: null },
    { id: { counter: 3, peerId: 'founder' }, targetId: treeId, parentId: null },
  ]);
  let pages = 0;
  for (let more = true, cursor = 0, epoch; more; pages++) {
    const answer = await server.ok('POST', `/spaces/${space}/sync`, byCursor ? { cursor, epoch } : { stateVectors: { [treeId]: tree.getStateVector() } });
    tree.merge(answer.operations[treeId].map((one) => one.operation));
    ({ cursor, epoch, hasMore: more } = answer);
    assert.equal(cursor === undefined, more && !byCursor);
  }
  assert.ok(pages > 2, `${pages} pages`);
  tree.state.dispose();
  return [...tree.state.vertices.values()].map((vertex) => ({
    id: vertex.id,
    parentId: vertex.parentId,
    properties: JSON.parse(JSON.stringify(Object.fromEntries(vertex.getAllProperties(false).map(({ key, value }) => [key, value])))),
  }));
}

function assertSameTree(one, other, who) {
  const index = (vertices) => new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const [a, b] = [index(one), index(other)];
  for (const id of new Set([...a.keys(), ...b.keys()])) assert.deepEqual(b.get(id), a.get(id), `${who} differ in ${id}`);
}

// Both readings are depth first with siblings by `_c`, then by the move that created them; the shorter one leaves out what is in the trash.
async function assertServedInOrder(treeId, vertices, { operations, head }) {
  const created = new Map();
  for (const { payload, clock, actor } of operations) {
    if (!('parentId' in payload)) continue;
    const known = created.get(payload.targetId);
    if (!known || compareStamps({ clock, actor }, known) < 0) created.set(payload.targetId, { clock, actor });
  }
  const timeOf = ({ properties }) => {
    const time = typeof properties._c === 'string' ? Date.parse(properties._c) : NaN;
    return Number.isNaN(time) ? -Infinity : time;
  };
  const children = childrenByParent(vertices);
  const walk = (id) => [id, ...(children.get(id) ?? [])
    .sort((x, y) => (timeOf(x) === timeOf(y) ? compareStamps(created.get(x.id), created.get(y.id)) : timeOf(x) < timeOf(y) ? -1 : 1))
    .flatMap((child) => walk(child.id))];
  const read = async (query) => (await server.ok('GET', `/spaces/${space}/trees/${treeId}${query}`)).vertices.map((vertex) => vertex.id);
  assert.deepEqual(await read(''), walk(treeId));
  assert.deepEqual(new Set(await read('?deleted=true')), new Set([...walk(treeId), ...walk('0')]));
  const { trees } = await server.ok('GET', `/spaces/${space}/trees`);
  assert.deepEqual(trees, [{ treeId, vertices: walk(treeId).length, head }]);
}

function rejectable() {
  let reject;
  const promise = new Promise((_, fail) => { reject = fail; });
  promise.catch(() => {});
  return { promise, reject };
}

const compareStamps = (x, y) => x.clock - y.clock || (x.actor < y.actor ? -1 : x.actor > y.actor ? 1 : 0);

function childrenByParent(vertices) {
  const groups = new Map();
  for (const vertex of vertices) groups.set(vertex.parentId, [...(groups.get(vertex.parentId) ?? []), vertex]);
  return groups;
}
