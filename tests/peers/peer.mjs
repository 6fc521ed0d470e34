// One RepTree peer in a process of its own: it edits at random, is offline now and then, pushes its outbox, and polls. The test that forked
// it asks it questions; it tells how many of its operations are acknowledged.
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { RepTree } from 'reptree';
import { io } from 'socket.io-client';
import { call } from './server.mjs';
import { Random } from './tools.mjs';

const { url, space, peerId, treeId, seed, edits, polls, startsFrom } = JSON.parse(process.argv[2]);
const random = new Random(seed);
const batchMax = 50;
const keys = ['', 'name', 'size', 'tags', 'naïve — ключ', '键', '🙂', 'a@b', '0', 'x'.repeat(200), 'name', 'size'];
const values = [
  null, true, false, 0, -1.5, 1e300, 1e-7, 9007199254740991, '', 'text "quoted" \\ \n \u0000 🙂', '\ud800', [], {}, [[[[1]]]],
  { '': {}, 'ключ': [1, { deep: null }], b: '2026-01-01T00:00:00.000Z' },
];

let tree;
const outbox = [];
const acknowledged = [];
let offline = false;
let stopped = false;
const counts = { edits: 0, batches: 0, repeated: 0, polls: 0, received: 0, offline: 0 };
let cursor;
let epoch;

// Somebody to wake the loops that wait for the outbox, or for being online again.
let wake = () => {};
let changed = new Promise((done) => { wake = done; });
function signal() {
  const woken = wake;
  changed = new Promise((done) => { wake = done; });
  woken();
}

/* Edits */

function edit() {
  counts.edits++;
  const all = [...tree.state.vertices.keys()].filter((id) => id !== '0');
  // All peers prefer the same few vertices, so that their moves make cycles with one another and their writes meet on the same keys.
  const hot = all.slice().sort().slice(0, 12);
  const any = () => random.pick(random.chance(0.6) ? hot : all);
  const movable = () => {
    const id = any();
    return id === treeId ? undefined : id;
  };
  const what = random.next();
  if (what < 0.25) {
    tree.newVertex(any(), random.chance(0.5) ? { name: `${peerId} ${counts.edits}`, size: random.below(1000) } : null);
  } else if (what < 0.52) {
    const id = movable();
    if (id) tree.moveVertex(id, any());
  } else if (what < 0.57) {
    const id = movable();
    if (id) tree.deleteVertex(id);
  } else if (what < 0.62) {
    const deleted = tree.state.getChildrenIds('0');
    if (deleted.length > 0) tree.moveVertex(random.pick(deleted), any());
  } else if (what < 0.87) {
    tree.setVertexProperty(any(), random.pick(keys), random.pick(values));
  } else if (what < 0.93) {
    tree.setVertexProperty(any(), random.pick(keys), undefined);
  } else if (what < 0.95) {
    tree.setVertexProperty(any(), '_c', random.pick([undefined, null, 'yesterday', '2020-02-02T02:02:02.020Z', '2031-01-01T00:00:00.000Z']));
  } else {
    tree.setTransientVertexProperty(any(), random.pick(keys), random.pick([...values, undefined]));
  }
}

async function editLoop() {
  while (counts.edits < edits) {
    if (random.chance(0.08)) {
      offline = true;
      counts.offline++;
      // Meanwhile the others go on, so that these edits are old when they arrive.
      for (let i = 3 + random.below(6); i > 0; i--) {
        for (let j = 5 + random.below(15); j > 0; j--) edit();
        outbox.push(...tree.popLocalOps());
        await delay(random.below(80));
      }
      offline = false;
    } else {
      for (let i = 1 + random.below(12); i > 0; i--) edit();
      outbox.push(...tree.popLocalOps());
    }
    signal();
    while (outbox.length > 60) await changed;
    await turn();
  }
}

/* By events, where it does not poll: one connection for both ways, that is lost now and then */

const socket = polls === 'events'
  ? io(`${url}/spaces/${space}`, { reconnectionDelay: 20, reconnectionDelayMax: 100, transports: random.pick([['websocket'], ['polling', 'websocket']]) })
  : undefined;
socket?.on('ready', () => socket.emit('ops:state', { trees: { [treeId]: tree.getStateVector() } }));
for (const event of ['ops:sync', 'ops:receive']) {
  socket?.on(event, ({ ops }) => {
    if (offline) return;
    tree.merge(ops);
    counts.received += ops.length;
  });
}
socket?.on('error', (error) => process.send({ failed: `error: ${JSON.stringify(error)}` }));

async function sendByEvent(batch) {
  const message = { treeId, ops: batch };
  while (true) {
    try {
      if (random.chance(0.1)) {
        // The reply is lost, and the connection with it.
        counts.repeated++;
        socket.emit('ops:send', message);
        if (random.chance(0.5)) await turn();
        socket.io.engine.close();
      }
      const answer = await socket.timeout(500).emitWithAck('ops:send', message);
      if (answer.ok) return { ...answer, success: answer.rejected.length === 0 };
      if (!answer.error.retryable) throw new TypeError(`ops:send: ${JSON.stringify(answer)}`);
    } catch (error) {
      if (error instanceof TypeError) throw error;
    }
    await delay(10);
  }
}

/* Push: the same operations again until they are answered */

async function send(batch) {
  if (socket) return sendByEvent(batch);
  const put = (abort) => call(url, 'PUT', `/spaces/${space}/operations`, {
    treeId,
    operations: batch.map((operation) => ({ operation, timestamp: Date.now() })),
  }, abort);
  while (true) {
    try {
      if (random.chance(0.1)) {
        // The reply is lost: either the client hung up before it, or nobody read it.
        counts.repeated++;
        if (random.chance(0.5)) await put(AbortSignal.timeout(1 + random.below(5)));
        else await put();
      }
      const { status, answer } = await put();
      if (status === 200) return answer;
      if (status !== 429 && status !== 503) throw new Error(`PUT: ${status} ${JSON.stringify(answer)}`);
    } catch (error) {
      if (!isConnection(error)) throw error;
    }
    await delay(10);
  }
}

async function pushLoop() {
  while (!stopped || outbox.length > 0) {
    if (outbox.length === 0 || offline) {
      await changed;
      continue;
    }
    const batch = outbox.slice(0, 1 + random.below(batchMax));
    const answer = await send(batch);
    if (!answer.success || answer.applied + answer.duplicates !== batch.length) throw new Error(`refused: ${JSON.stringify(answer)}`);
    outbox.splice(0, batch.length);
    counts.batches++;
    const stored = batch.filter((operation) => !operation.transient);
    acknowledged.push(...stored.map((operation) => `${operation.id.counter}@${operation.id.peerId}`));
    process.send({ acknowledged: stored.length });
    signal();
  }
}

/* Poll: by vectors alone, or by the cursor that the first answer gave */

function request(timeout) {
  const stateVectors = { [treeId]: tree.getStateVector() };
  switch (polls) {
    case 'vectors':
    case 'events':
      return { stateVectors, timeout };
    case 'vectors with clientId':
      return { stateVectors, timeout, clientId: peerId };
    case 'cursor and vectors':
      return cursor === undefined ? { stateVectors, timeout } : { stateVectors, timeout, cursor, epoch };
    case 'cursor':
      return cursor === undefined ? { stateVectors, timeout } : { timeout, cursor, epoch };
    default:
      throw new Error(polls);
  }
}

/** One poll; the operations it brought are merged. */
async function poll(timeout) {
  const { status, answer } = await call(url, 'POST', `/spaces/${space}/sync`, request(timeout));
  if (status === 503) return [];
  if (status !== 200) throw new Error(`sync: ${status} ${JSON.stringify(answer)}`);
  if (offline) return []; // An answer that came too late is lost.
  const operations = (answer.operations[treeId] ?? []).map((one) => one.operation);
  tree.merge(operations);
  if (polls.startsWith('cursor') && answer.cursor !== undefined) ({ cursor, epoch } = answer);
  counts.polls++;
  counts.received += operations.length;
  return operations;
}

async function pollLoop() {
  while (socket && !stopped) {
    if (offline && socket.active) socket.disconnect();
    else if (!offline && !socket.active) socket.connect();
    await changed;
  }
  while (!stopped) {
    if (offline) {
      await changed;
      continue;
    }
    try {
      await poll(500);
    } catch (error) {
      if (!isConnection(error)) throw error;
      await delay(10);
    }
  }
}

const isConnection = (error) =>
  error instanceof TypeError && error.message === 'fetch failed'
  || error instanceof TypeError && error.message === 'terminated'
  || error instanceof SyntaxError // A body that was cut by the kill.
  || error.name === 'AbortError' || error.name === 'TimeoutError';

/* Questions */

const questions = {
  /** Everything until nothing comes any more. */
  async settle() {
    let rounds = 0;
    while ((await poll(0)).length > 0) rounds++;
    return { outbox: outbox.length, rounds };
  },

  /** Where it stands, for whoever waits for it in vain. */
  async status() {
    return { outbox: outbox.length, offline, stopped, acknowledged: acknowledged.length, cursor, counts };
  },

  /** Two polls one after the other, with a wait. */
  async idle({ timeout }) {
    const results = [];
    for (let i = 0; i < 2; i++) {
      const began = performance.now();
      const operations = await poll(timeout);
      results.push({ operations, took: performance.now() - began });
    }
    return results;
  },

  /** The tree, without what is transient; as JSON, which is what another peer can have of it. */
  async report() {
    const vertices = [...tree.state.vertices.values()].map((vertex) => ({
      id: vertex.id,
      parentId: vertex.parentId,
      properties: Object.fromEntries(vertex.getAllProperties(false).map(({ key, value }) => [key, value])),
    }));
    return { vertices, acknowledged, counts, moves: tree.moveOps.length };
  },
};

process.on('message', async ({ question, ...more }) => {
  try {
    process.send({ answer: await questions[question](more) });
  } catch (error) {
    process.send({ failed: String(error.stack) });
  }
});
process.on('disconnect', () => process.exit());

/* The life of a peer */

async function start() {
  if (startsFrom) {
    // As an application that keeps what it received: from operations, without a "0" of its own.
    tree = new RepTree(peerId, startsFrom);
  } else {
    tree = new RepTree(peerId);
    while (!tree.getVertex(treeId)) await poll(500);
  }
  outbox.push(...tree.popLocalOps());
  const loops = [pushLoop(), pollLoop()];
  await Promise.race([editLoop(), ...loops]);
  stopped = true;
  signal();
  await Promise.all(loops);
}

start().then(
  () => process.send({ done: true }),
  (error) => process.send({ failed: String(error.stack) }));
