// The peers' side of the tree workloads: node worker.mjs LIB WORKLOAD [N] prints one measurement as JSON. The workloads are those of workload.mjs.
import { genTree, genMoves, genSets, genAuthors, refMerge, hashInts } from './workload.mjs';
const [lib, wl, nArg] = process.argv.slice(2);
const now = () => performance.now();
const tick = () => new Promise(r => setTimeout(r, 35));   // lets reptree's 33 ms event batcher drain; not timed
const out = (o) => { console.log(JSON.stringify({ lib, wl, ...o, rssMB: Math.round(process.resourceUsage().maxRSS / 1024) })); process.exit(0); };
const N1 = 100000, V = 10000;
const rssBase = Math.round(process.memoryUsage().rss / 1048576);

if (lib === 'reptree') {
  const { RepTree, newMoveVertexOp, newSetVertexPropertyOp } = await import('reptree');
  const wire = (op) => 'key' in op
    ? { t: 'set', v: 1, id: op.id, targetId: op.targetId, key: op.key, hasValue: op.value !== undefined, value: op.value, transient: false }
    : { t: 'move', v: 1, id: op.id, targetId: op.targetId, parentId: op.parentId };
  const unwire = (o) => o.t === 'set' ? newSetVertexPropertyOp(o.id.counter, o.id.peerId, o.targetId, o.key, o.value) : newMoveVertexOp(o.id.counter, o.id.peerId, o.targetId, o.parentId);
  const id = (i) => 'v' + i;
  const baseOps = (parents, peer) => { const ops = []; for (let i = 0; i < parents.length; i++) ops.push(newMoveVertexOp(i + 2, peer, id(i), i === 0 ? null : id(parents[i]))); return ops; };
  const mkBase = async (parents, peer) => { const t = new RepTree(peer); t.merge(baseOps(parents, 'base')); await tick(); return t; };
  const hashTree = (t, n) => { const p = new Int32Array(n + 1); for (let i = 0; i <= n; i++) { const q = t.getVertex(id(i)).parentId; p[i] = q === null ? -1 : +q.slice(1); } return hashInts(p); };
  // merge in chunks, letting the event batcher drain between chunks (outside the clock) so that it does not exhaust memory
  const mergeChunked = async (t, ops, chunk, drainEvery) => { let ms = 0, since = 0; for (let i = 0; i < ops.length; i += chunk) { const s = now(); t.merge(ops.slice(i, i + chunk)); ms += now() - s; since += chunk; if (since >= drainEvery) { await tick(); since = 0; } } return ms; };

  if (wl === 'T1' || wl === 'T5' || wl === 'T5s') {
    const parents = genTree(+nArg || N1); const N = parents.length - 1;
    const tree = new RepTree('A'); const ids = new Array(N + 1); ids[0] = tree.createRoot().id;
    let ms = 0;
    for (let i = 1; i <= N;) { const s = now(); const e = Math.min(N, i + 4999); for (; i <= e; i++) ids[i] = tree.newVertex(ids[parents[i]], { name: 'v' + i }).id; ms += now() - s; await tick(); }
    if (wl === 'T1') { const ops = tree.getAllOps(); const s = JSON.stringify(ops.map(wire)); out({ n: N, ms, bytes: s.length, ops: ops.length }); }
    const all = tree.getAllOps(); if (wl === 'T5s') all.sort((x, y) => x.id.counter - y.id.counter); const s = JSON.stringify(all.map(wire));
    const t0 = now(); const t2 = new RepTree('B', JSON.parse(s).map(unwire)); const ms5 = now() - t0;
    out({ n: N, ms: ms5, bytes: s.length, ops: t2.getAllOps().length });
  }
  if (wl === 'T1w') { // wide: all children of the root
    const N = +nArg || 5000; const tree = new RepTree('A'); const root = tree.createRoot().id; let ms = 0;
    for (let i = 1; i <= N;) { const s = now(); const e = Math.min(N, i + 499); for (; i <= e; i++) tree.newVertex(root, { name: 'v' + i }); ms += now() - s; await tick(); }
    out({ n: N, ms });
  }
  if (wl.startsWith('T2')) {
    const M = +nArg || 50000, parents = genTree(V); const A = genMoves(parents, M, 21), B = genMoves(parents, M, 22);
    const L = V + 2; const mk = (X, peer) => { const o = []; for (let i = 0; i < M; i++) o.push(newMoveVertexOp(L + 1 + i, peer, id(X[2 * i]), id(X[2 * i + 1]))); return o; };
    const a = mk(A, 'A'), b = mk(B, 'B'); const t = await mkBase(parents, 'C'); let ms;
    if (wl === 'T2a') { const all = []; for (let i = 0; i < M; i++) all.push(a[i], b[i]); ms = await mergeChunked(t, all, 5000, 5000); }
    else if (wl === 'T2i') { const all = []; for (let i = 0; i < M; i += 50) { all.push(...a.slice(i, i + 50), ...b.slice(i, i + 50)); } ms = await mergeChunked(t, all, 50, 5000); }
    else { await mergeChunked(t, a, 5000, 5000); ms = await mergeChunked(t, b, 50, Math.max(50, Math.floor(2e6 / M / 50) * 50)); } // T2b = T2c here: merge() applies op by op
    const ref = hashInts(refMerge(parents, A, B).p);
    out({ n: wl === 'T2a' || wl === 'T2i' ? 2 * M : M, ms, check: hashTree(t, V) === ref ? 'ok' : 'DIFFERS', bytes: JSON.stringify([...a, ...b].map(wire)).length });
  }
  if (wl === 'T3a') {
    const S = +nArg || 200000, parents = genTree(V), t = await mkBase(parents, 'A'), X = genSets(V, S, 31); let ms = 0;
    for (let i = 0; i < S;) { const s = now(); const e = Math.min(S, i + 20000); for (; i < e; i++) t.setVertexProperty(id(X[3 * i]), 'k' + X[3 * i + 1], X[3 * i + 2]); ms += now() - s; await tick(); }
    out({ n: S, ms, bytes: JSON.stringify(t.getAllOps().map(wire)).length });
  }
  if (wl === 'T3b') {
    const S = +nArg || 100000, parents = genTree(V), t = await mkBase(parents, 'C'); const L = V + 2;
    const mk = (X, peer) => { const o = []; for (let i = 0; i < S; i++) o.push(newSetVertexPropertyOp(L + 1 + i, peer, id(X[3 * i]), 'k' + X[3 * i + 1], X[3 * i + 2])); return o; };
    const a = mk(genSets(V, S, 31), 'A'), b = mk(genSets(V, S, 32), 'B');
    const ms = await mergeChunked(t, a, 20000, 20000) + await mergeChunked(t, b, 20000, 20000);
    out({ n: 2 * S, ms });
  }
  if (wl === 'T4g' || wl === 'T4c') {
    const S = +nArg || 100000, P = 100, Vp = 1000, parents = genTree(Vp), X = genSets(Vp, S, 41), au = genAuthors(S, P);
    const L = Vp + 2; const ops = [];
    for (let i = 0; i < S; i++) { const peer = wl === 'T4g' ? 'p' + au[i] : 'p' + (i / (S / P) | 0); ops.push(newSetVertexPropertyOp(L + 1 + i, peer, id(X[3 * i]), 'k' + X[3 * i + 1], X[3 * i + 2])); }
    const t = await mkBase(parents, 'C'); const msIngest = await mergeChunked(t, ops, 20000, 20000);
    const known = wl === 'T4g' ? ops.slice(0, S - 1000) : ops.filter((_, i) => (i % (S / P)) < S / P - 10);
    const u = await mkBase(parents, 'D'); await mergeChunked(u, known, 20000, 20000);
    const s0 = now(); const sv = JSON.stringify(u.getStateVector()); const msSv = now() - s0;
    const times = []; let miss; for (let k = 0; k < 3; k++) { const s = now(); miss = t.getMissingOps(JSON.parse(sv)); times.push(now() - s); }
    times.sort((x, y) => x - y);
    out({ n: 1, ms: times[1], bytes: sv.length, miss: miss.length, msIngest, msSv, outBytes: JSON.stringify(miss.map(wire)).length });
  }
}

if (lib.startsWith('loro')) {
  const { LoroDoc } = await import('loro-crdt');
  const nofi = lib === 'loro-nofi';
  const mkDoc = (peer) => { const d = new LoroDoc(); d.setPeerId(peer); const t = d.getTree('t'); if (nofi) t.disableFractionalIndex(); return [d, t]; };
  const build = (parents, t, named) => { const nodes = new Array(parents.length); nodes[0] = t.createNode(); for (let i = 1; i < parents.length; i++) { const n = nodes[parents[i]].createNode(); if (named) n.data.set('name', 'v' + i); nodes[i] = n; } return nodes; };
  if (wl === 'T1' || wl === 'T5' || wl === 'T5u') {
    const parents = genTree(+nArg || N1), N = parents.length - 1; const [d, t] = mkDoc('1');
    const s = now(); build(parents, t, true); d.commit(); const ms = now() - s;
    const snap = d.export({ mode: 'snapshot' }), upd = d.export({ mode: 'update' });
    if (wl === 'T1') out({ n: N, ms, bytes: upd.length, snapBytes: snap.length });
    const [d2, t2] = mkDoc('2'); const s2 = now(); d2.import(wl === 'T5' ? snap : upd); const importMs = now() - s2; const cnt = d2.getTree('t').getNodes().length; const ms2 = now() - s2;
    out({ n: N, ms: ms2, bytes: (wl === 'T5' ? snap : upd).length, cnt, importMs });
  }
  if (wl === 'T1w') { const N = +nArg || 5000; const [d, t] = mkDoc('1'); const root = t.createNode(); const s = now(); for (let i = 1; i <= N; i++) root.createNode().data.set('name', 'v' + i); d.commit(); out({ n: N, ms: now() - s }); }
  if (wl.startsWith('T2')) {
    const M = +nArg || 50000, parents = genTree(V); const A = genMoves(parents, M, 21), B = genMoves(parents, M, 22);
    const [d0, t0] = mkDoc('1'); const ids = build(parents, t0, false).map(n => n.id); d0.commit(); const base = d0.export({ mode: 'snapshot' });
    let msLocal = 0;
    const gen = (X, peer, chunk) => { const [d, t] = mkDoc(peer); d.import(base); let v = d.version(); const ups = []; const s = now();
      for (let i = 0; i < M; i++) { t.move(ids[X[2 * i]], ids[X[2 * i + 1]]); if (chunk && (i + 1) % chunk === 0) { d.commit(); ups.push(d.export({ mode: 'update', from: v })); v = d.version(); } }
      d.commit(); msLocal += now() - s; if (!chunk) ups.push(d.export({ mode: 'update', from: v })); return ups; };
    const chunk = wl === 'T2b' || wl === 'T2a' ? 0 : 50;
    const ua = gen(A, '2', chunk), ub = gen(B, '3', chunk); const [c] = mkDoc('4'); c.import(base); let ms;
    if (wl === 'T2a') { const s = now(); c.importBatch([ua[0], ub[0]]); ms = now() - s; }
    else if (wl === 'T2i') { const s = now(); for (let i = 0; i < ua.length; i++) { c.import(ua[i]); c.import(ub[i]); } ms = now() - s; }
    else { for (const u of ua) c.import(u); const s = now(); for (const u of ub) c.import(u); ms = now() - s; }
    out({ n: wl === 'T2a' || wl === 'T2i' ? 2 * M : M, ms, bytes: [...ua, ...ub].reduce((x, u) => x + u.length, 0), msLocal, nLocal: 2 * M });
  }
  if (wl === 'T3a' || wl === 'T3b') {
    const parents = genTree(V); const [d0, t0] = mkDoc('1'); const ids = build(parents, t0, false).map(n => n.id); d0.commit(); const base = d0.export({ mode: 'snapshot' });
    const S = +nArg || (wl === 'T3a' ? 200000 : 100000);
    const run = (peer, seed) => { const [d, t] = mkDoc(peer); d.import(base); const data = ids.map(i => t.getNodeByID(i).data); const X = genSets(V, S, seed); const v = d.version(); const s = now(); for (let i = 0; i < S; i++) data[X[3 * i]].set('k' + X[3 * i + 1], X[3 * i + 2]); d.commit(); const ms = now() - s; return [ms, d.export({ mode: 'update', from: v })]; };
    if (wl === 'T3a') { const [ms, u] = run('2', 31); out({ n: S, ms, bytes: u.length }); }
    const ua = run('2', 31)[1], ub = run('3', 32)[1]; const [c] = mkDoc('4'); c.import(base); const s = now(); c.import(ua); c.import(ub); const ms = now() - s; out({ n: 2 * S, ms });
  }
  if (wl === 'T4c' || wl === 'T4g') {
    const S = +nArg || 100000, P = 100, Vp = 1000, parents = genTree(Vp), X = genSets(Vp, S, 41), au = genAuthors(S, P);
    const [d, t] = mkDoc('1'); const nodes = build(parents, t, false); d.commit(); const data = nodes.map(n => n.data);
    let mark, sI = now(); const per = S / P;
    let u; 
    if (wl === 'T4g') { for (let i = 0; i < S; i++) { if (i === S - 1000) { d.commit(); u = d.fork(); } if (i === 0 || au[i] !== au[i - 1]) { d.commit(); d.setPeerId(String(100 + au[i])); } data[X[3 * i]].set('k' + X[3 * i + 1], X[3 * i + 2]); } d.commit(); }
    else { const order = []; for (let i = 0; i < S; i++) if (i % per < per - 10) order.push(i); const n1 = order.length; for (let i = 0; i < S; i++) if (i % per >= per - 10) order.push(i); let prev = -1;
      order.forEach((i, k) => { if (k === n1) { d.commit(); u = d.fork(); } const p = i / per | 0; if (p !== prev) { d.commit(); d.setPeerId(String(100 + p)); prev = p; } data[X[3 * i]].set('k' + X[3 * i + 1], X[3 * i + 2]); }); d.commit(); }
    const msIngest = now() - sI; const { VersionVector } = await import('loro-crdt');
    const svb = u.version().encode(); const times = []; let o; for (let k = 0; k < 5; k++) { const s = now(); o = d.export({ mode: 'update', from: VersionVector.decode(svb) }); times.push(now() - s); } times.sort((x, y) => x - y);
    out({ n: 1, ms: times[2], bytes: svb.length, outBytes: o.length, msIngest });
  }
}

if (lib === 'yjs') {
  const Y = await import('yjs');
  const mk = (c) => { const d = new Y.Doc({ gc: true }); d.clientID = c; return d; };
  const build = (parents, d, named) => { const m = d.getMap('n'); const nodes = []; for (let i = 0; i < parents.length; i++) { const y = new Y.Map(); d.transact(() => { m.set('v' + i, y); y.set('p', i ? 'v' + parents[i] : null); if (named) y.set('name', 'v' + i); }); nodes.push(y); } return nodes; };
  if (wl === 'T1' || wl === 'T5') {
    const parents = genTree(+nArg || N1), N = parents.length - 1; const d = mk(1); const s = now(); build(parents, d, true); const ms = now() - s; const u = Y.encodeStateAsUpdate(d);
    if (wl === 'T1') out({ n: N, ms, bytes: u.length });
    const s2 = now(); const d2 = mk(2); Y.applyUpdate(d2, u); const cnt = d2.getMap('n').size; out({ n: N, ms: now() - s2, bytes: u.length, cnt });
  }
  if (wl.startsWith('T2')) { // parent pointer only: no cycle protection, NOT equivalent semantics
    const M = +nArg || 50000, parents = genTree(V); const A = genMoves(parents, M, 21), B = genMoves(parents, M, 22); const d0 = mk(1); build(parents, d0, false); const base = Y.encodeStateAsUpdate(d0);
    const gen = (X, c) => { const d = mk(c); Y.applyUpdate(d, base); const m = d.getMap('n'); const ups = []; const sv = Y.encodeStateVector(d); d.on('update', u => ups.push(u)); for (let i = 0; i < M; i++) m.get('v' + X[2 * i]).set('p', 'v' + X[2 * i + 1]); ups.all = Y.encodeStateAsUpdate(d, sv); return ups; };
    const a = gen(A, 2), b = gen(B, 3), c = mk(4); Y.applyUpdate(c, base); let ms;
    if (wl === 'T2a') { const s = now(); for (let i = 0; i < M; i++) { Y.applyUpdate(c, a[i]); Y.applyUpdate(c, b[i]); } ms = now() - s; }
    else { const ua = a.all, ub = wl === 'T2b' ? [b.all] : Array.from({ length: M / 50 }, (_, i) => Y.mergeUpdates(b.slice(i * 50, i * 50 + 50))); Y.applyUpdate(c, ua); const s = now(); for (const u of ub) Y.applyUpdate(c, u); ms = now() - s; }
    out({ n: wl === 'T2a' ? 2 * M : M, ms });
  }
  if (wl === 'T3a' || wl === 'T3b') {
    const parents = genTree(V); const d0 = mk(1); build(parents, d0, false); const base = Y.encodeStateAsUpdate(d0); const S = +nArg || (wl === 'T3a' ? 200000 : 100000);
    const run = (c, seed) => { const d = mk(c); Y.applyUpdate(d, base); const sv = Y.encodeStateVector(d); const m = d.getMap('n'); const X = genSets(V, S, seed); const s = now(); for (let i = 0; i < S; i++) m.get('v' + X[3 * i]).set('k' + X[3 * i + 1], X[3 * i + 2]); const ms = now() - s; return [ms, Y.encodeStateAsUpdate(d, sv)]; };
    if (wl === 'T3a') { const [ms, u] = run(2, 31); out({ n: S, ms, bytes: u.length }); }
    const ua = run(2, 31)[1], ub = run(3, 32)[1]; const c = mk(4); Y.applyUpdate(c, base); const s = now(); Y.applyUpdate(c, ua); Y.applyUpdate(c, ub); out({ n: 2 * S, ms: now() - s });
  }
  if (wl === 'T4c' || wl === 'T4g') {
    const S = +nArg || 100000, P = 100, Vp = 1000, parents = genTree(Vp), X = genSets(Vp, S, 41), au = genAuthors(S, P), per = S / P; const d = mk(1); const nodes = build(parents, d, false); const sI = now(); let sv;
    const order = []; if (wl === 'T4g') for (let i = 0; i < S; i++) order.push(i); else { for (let i = 0; i < S; i++) if (i % per < per - 10) order.push(i); for (let i = 0; i < S; i++) if (i % per >= per - 10) order.push(i); }
    const markAt = S - 1000; order.forEach((i, k) => { if (k === markAt) sv = Y.encodeStateVector(d); d.clientID = 100 + (wl === 'T4g' ? au[i] : (i / per | 0)); nodes[X[3 * i]].set('k' + X[3 * i + 1], X[3 * i + 2]); });
    const msIngest = now() - sI; const times = []; let o; for (let k = 0; k < 5; k++) { const s = now(); o = Y.encodeStateAsUpdate(d, sv); times.push(now() - s); } times.sort((x, y) => x - y);
    out({ n: 1, ms: times[2], bytes: sv.length, outBytes: o.length, msIngest });
  }
}

if (lib === 'limit-js') { // no CRDT bookkeeping at all: typed arrays and one Map; what the work itself costs in the same runtime
  if (wl === 'T1') { const g = genTree(N1); const s = now(); const p = [-1], kids = [[]], name = new Map(); for (let i = 1; i <= N1; i++) { p.push(g[i]); kids.push([]); kids[g[i]].push(i); name.set(i, 'v' + i); } out({ n: N1, ms: now() - s }); }
  if (wl === 'T2a' || wl === 'T2b') { const M = +nArg || 50000, parents = genTree(V), A = genMoves(parents, M, 21), B = genMoves(parents, M, 22); const s = now(); const r = refMerge(parents, A, B); out({ n: wl === 'T2a' ? 2 * M : M, ms: now() - s, skipped: r.skipped }); }
  if (wl === 'T3b') { const X = genSets(V, 100000, 31), Y = genSets(V, 100000, 32); const s = now(); const m = new Map(), st = new Map(); for (const [Z, p] of [[X, 0], [Y, 1]]) for (let i = 0; i < 100000; i++) { const k = Z[3 * i] * 8 + Z[3 * i + 1], l = i * 2 + p; if (!(st.get(k) > l)) { st.set(k, l); m.set(k, Z[3 * i + 2]); } } out({ n: 200000, ms: now() - s }); }
}
console.log(JSON.stringify({ lib, wl, err: 'not implemented' }));
