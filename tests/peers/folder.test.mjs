// The sample on a real folder: published by one process, received by another, within the server's default limits.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Server } from './server.mjs';
import { Random, seed, until } from './tools.mjs';

const run = promisify(execFile);
const sample = join(import.meta.dirname, '../../samples/folder');
const random = new Random(seed);
const space = 'files';
let server;
let work;
let folder;
const children = [];

before(async () => {
  if (!existsSync(join(sample, 'node_modules/reptree'))) await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: sample });
  server = await Server.start();
  work = await mkdtemp(join(tmpdir(), 'syncline-folder-'));
  folder = join(work, 'files');
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server?.stop();
  if (work) await rm(work, { recursive: true, force: true });
});

const options = () => ['--server', server.url, '--space', space];

/** A sample program that goes on; what it prints is kept. */
function start(program, ...more) {
  const child = spawn(process.execPath, [join(sample, program), ...options(), ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  const started = { output: '', ended: false };
  child.on('exit', (code) => { started.ended = `${program} ended with ${code}: ${started.errors}`; });
  started.errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { started.output += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { started.errors += text; });
  children.push(child);
  started.signal = (signal) => child.kill(signal);
  started.stop = (signal) => {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    return gone;
  };
  return started;
}

const out = async (command, args, more) => (await run(command, args, { maxBuffer: 64 * 1024 * 1024, ...more })).stdout;
const printed = () => out(process.execPath, [join(sample, 'print.mjs'), ...options()]);
const found = () => out('sh', ['-c', `find . -mindepth 1 \\( -type d -printf '%P/\\n' \\) -o -printf '%P\\t%s\\n' | LC_ALL=C sort`], { cwd: folder });

/** Waits until what a follower printed last is what is in the folder. */
async function inStep(follower) {
  const wanted = await found();
  await until(() => {
    if (follower.ended) throw new Error(follower.ended);
    return follower.output.endsWith(`\n\n${wanted}`) || follower.output === wanted;
  }, 'the follower prints what is in the folder', 60_000).catch((error) => {
    throw new Error(`${error.message}\n${difference(wanted, follower.output.split('\n\n').at(-1))}`);
  });
  follower.output = '\n';
  return wanted;
}

function difference(wanted, got) {
  const [a, b] = [new Set(wanted.split('\n')), new Set(got.split('\n'))];
  return [...[...a].filter((line) => !b.has(line)).map((line) => `- ${line}`), ...[...b].filter((line) => !a.has(line)).map((line) => `+ ${line}`)]
    .slice(0, 20).join('\n');
}

const vertices = async () => {
  const { trees: [{ treeId }] } = await server.ok('GET', `/spaces/${space}/trees`);
  return (await server.ok('GET', `/spaces/${space}/trees/${treeId}`)).vertices;
};

test(`a folder of more than 10,000 files is received as it is, and followed (seed ${seed})`, async (t) => {
  // Three wide folders and hundreds of small ones, some deep.
  const folders = [];
  const files = [];
  const make = async (parent, count, size) => {
    await mkdir(join(folder, parent), { recursive: true });
    const paths = Array.from({ length: count }, (_, i) => join(parent, `file ${i}${random.pick(['.txt', '.md', '', ' ключ.json', '.🙂'])}`));
    await Promise.all(paths.map((path) => writeFile(join(folder, path), 'x'.repeat(random.below(size)))));
    files.push(...paths);
    folders.push(parent);
  };
  for (let i = 0; i < 3; i++) await make(`wide ${i}`, 1500, 20);
  for (let i = 0; i < 300; i++) await make(i % 3 === 0 || folders.length < 10 ? `dir ${i}` : join(random.pick(folders.slice(3)), `sub ${i}`), 15 + random.below(10), 200);
  await symlink('wide 0', join(folder, 'link'));
  await link(join(folder, files[0]), join(folder, 'hard link'));
  assert.ok(files.length > 10_000 && folders.length > 300);

  let began = performance.now();
  const lap = (what) => {
    t.diagnostic(`${what}: ${Math.round(performance.now() - began)} ms`);
    began = performance.now();
  };
  let publisher = start('publish.mjs', folder, '--every', '300');
  await until(() => /in step/.test(publisher.output) || publisher.ended, 'it is published', 60_000);
  lap(`${files.length} files published`);
  assert.equal(await printed(), await found());
  lap('received and printed');
  assert.equal(await out(process.execPath, [join(sample, 'publish.mjs'), folder, '--print']), await found());

  const follower = start('print.mjs', '--follow');
  await inStep(follower);
  const before = new Map((await vertices()).map((vertex) => [vertex.id, vertex]));

  // Some hundred of each: files moved, changed, saved as editors do, removed and new, whole folders moved, two that change places.
  const take = () => files.splice(random.below(files.length), 1)[0];
  const at = (path) => join(folder, path);
  began = performance.now();
  for (let i = 0; i < 150; i++) await rename(at(take()), join(folder, random.pick(folders), `moved ${i}`));
  for (let i = 0; i < 150; i++) await writeFile(at(take()), 'y'.repeat(300 + random.below(100)));
  for (let i = 0; i < 50; i++) {
    const path = take();
    await writeFile(join(work, 'saved'), 'z'.repeat(1000));
    await rename(join(work, 'saved'), at(path));
  }
  for (let i = 0; i < 150; i++) await unlink(at(take()));
  for (let i = 0; i < 100; i++) await writeFile(join(folder, random.pick(folders), `new ${i}`), 'n');
  await rename(at('wide 1'), at('dir 0/wide inside'));
  await mkdir(at('outer/inner'), { recursive: true });
  await inStep(follower);
  lap('600 changes followed');
  await rename(at('outer/inner'), at('inner'));
  await rename(at('outer'), at('inner/outer'));
  await rm(at('wide 2'), { recursive: true });
  const after = await inStep(follower);
  lap('a turned pair and a removed folder followed');
  assert.equal(await printed(), after);

  const stands = new Map((await vertices()).map((vertex) => [vertex.id, vertex]));
  const wide = [...stands.values()].find((vertex) => vertex.properties.name === 'wide inside');
  assert.equal(before.get(wide.id)?.properties.name, 'wide 1', 'a moved folder is another vertex');
  const moved = [...stands.values()].filter((vertex) => /^moved \d+$/.test(vertex.properties.name));
  assert.ok(moved.length > 50);
  for (const { id } of moved) assert.ok(before.has(id), 'a moved file is another vertex');
  const saved = [...stands.values()].filter((vertex) => vertex.properties.size === 1000);
  for (const { id } of saved) assert.ok(before.has(id), 'a file that was saved by renaming is another vertex');

  // Killed, changed meanwhile, with its state and without.
  await publisher.stop('SIGKILL');
  await rename(at('dir 0/wide inside'), at('wide again'));
  publisher = start('publish.mjs', folder, '--every', '300');
  await inStep(follower);
  assert.equal((await vertices()).find((vertex) => vertex.id === wide.id)?.properties.name, 'wide again');
  await publisher.stop('SIGTERM');
  await rm(`${folder}.syncline.json`);
  await writeFile(at('wide again/last'), 'last');
  lap('followed after a kill');
  await server.restart();
  publisher = start('publish.mjs', folder, '--every', '300');
  await inStep(follower);
  lap('followed without the state file, the server killed and restarted');
  assert.ok((await vertices()).some((vertex) => vertex.id === wide.id), 'without its state it made new vertices');
  const { trees } = await server.ok('GET', `/spaces/${space}/trees`);
  assert.equal(trees.length, 1);
  t.diagnostic(`${trees[0].vertices} vertices, ${trees[0].head} operations`);
  await publisher.stop('SIGTERM');
});

test('a publisher with a token waits as long as the server says', async (t) => {
  const limited = await Server.start('--Auth:Mode=Local', '--Limits:OperationsPerSecond=1500', '--Limits:OperationsBurst=1000');
  t.after(() => limited.stop());
  const { accessToken } = await limited.ok('POST', '/auth/register', { userName: 'me', password: 'ten characters' });
  const small = join(work, 'small');
  await mkdir(small);
  await Promise.all(Array.from({ length: 500 }, (_, i) => writeFile(join(small, `file ${i}`), '.'.repeat(i))));

  const to = ['--server', limited.url, '--space', 'small'];
  const env = { ...process.env, SYNCLINE_TOKEN: accessToken };
  const { stdout, stderr } = await run(process.execPath, [join(sample, 'publish.mjs'), small, '--once', ...to], { env });
  assert.match(stdout, /in step: 500 entries/);
  assert.match(stderr, /operations a second/, 'the limit was never met');
  const listing = await out(process.execPath, [join(sample, 'print.mjs'), ...to, '--token', accessToken]);
  assert.equal(listing, await out(process.execPath, [join(sample, 'publish.mjs'), small, '--print']));
  await assert.rejects(out(process.execPath, [join(sample, 'print.mjs'), ...to]), /a valid bearer token is needed/);
});

test('a publisher whose log was replaced publishes again', async () => {
  const few = join(work, 'few');
  await mkdir(few);
  await writeFile(join(few, 'one'), '1');
  const publisher = start('publish.mjs', few, '--every', '50', '--space', 'replaced');
  await until(() => /in step/.test(publisher.output), 'it is published');

  // It sees the space as it was, and then another one of that name.
  publisher.signal('SIGSTOP');
  await server.ok('DELETE', '/spaces/replaced');
  await server.ok('POST', '/spaces', { id: 'replaced', name: 'Replaced' });
  publisher.signal('SIGCONT');
  await until(async () => (await server.ok('GET', '/spaces/replaced/trees')).trees[0]?.vertices === 2 || publisher.ended, 'it is published again');
  assert.equal(await out(process.execPath, [join(sample, 'print.mjs'), '--server', server.url, '--space', 'replaced']), 'one\t1\n');
  await publisher.stop('SIGTERM');
});
