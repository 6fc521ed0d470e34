// The program as an operator meets it: what it refuses to start with, how it ends, invites, backup and restore.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, syncline } from './server.mjs';

const program = resolve(process.env.SYNCLINE_SERVER ?? join(import.meta.dirname, '../../artifacts/server/syncline.dll'));
const password = 'correct horse battery';
let folder;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-program-'));
  server = await Server.start('--Auth:Mode=Local', '--Auth:Registration=Invite');
});
after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('an invite of the command line lets one person register, beside a running server', async () => {
  const invite = await syncline('users', 'invite', '--data', server.data);
  assert.equal(invite.code, 0, invite.stderr);
  const token = invite.stdout.trim();
  assert.match(token, /^[\w-]{40,}$/);
  const register = (userName, more) => server.call('POST', '/auth/register', { userName, password, ...more });
  assert.equal((await register('ann')).answer.code, 'forbidden');
  assert.equal((await register('ann', { invite: `${token}x` })).answer.code, 'forbidden');
  const { status, answer } = await register('ann', { invite: token });
  assert.equal(status, 201);
  assert.equal(answer.user.userName, 'ann');
  assert.equal((await register('bob', { invite: token })).answer.code, 'forbidden');
});

test('the key that signs tokens is readable by its owner only, and outlives a restart', async () => {
  const { mode } = await stat(join(server.data, 'signing.key'));
  assert.equal(mode & 0o777, 0o600);
  const { answer } = await server.call('POST', '/auth/login', { userName: 'ann', password });
  await server.restart();
  const response = await fetch(`${server.url}/auth/me`, { headers: { authorization: `Bearer ${answer.accessToken}` } });
  assert.equal(response.status, 200);
});

test('a second server on the same data is refused and harms nothing', async () => {
  const second = await syncline('serve', '--urls', 'http://127.0.0.1:0', '--data', server.data);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^syncline: .*(in use|used by another)/m);
  assert.equal((await server.call('GET', '/healthz')).status, 200);
});

test('without accounts it listens on nothing but this machine', async () => {
  const open = await syncline('serve', '--urls', 'http://0.0.0.0:0', '--data', join(folder, 'open'), '--Auth:Mode=None');
  assert.equal(open.code, 1);
  assert.match(open.stderr, /^syncline: Auth:Mode is None/m);
});

test('what it cannot start with is said in a line', async () => {
  const wrong = await syncline('serve', '--urls', 'http://127.0.0.1:0', '--data', join(folder, 'wrong'), '--Limits:PushOperationsMax=0');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^syncline: .*PushOperationsMax/m);
  await writeFile(join(folder, 'file'), '');
  const blocked = await syncline('serve', '--urls', 'http://127.0.0.1:0', '--data', join(folder, 'file'));
  assert.equal(blocked.code, 1);
  assert.match(blocked.stderr, /^syncline: /m);
  assert.doesNotMatch(blocked.stderr, /^\s+at /m);
});

test('it says in three lines where it listens, where the data is, and what to try next; a signal ends it in order', async () => {
  const child = spawn('dotnet', [program, '--urls', 'http://127.0.0.1:0', '--data', join(folder, 'data'), '--Auth:Mode=None'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const started = new Promise((done) => child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    if (output.includes('Try next')) done();
  }));
  const ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
  await started;
  const lines = output.trim().split('\n');
  assert.equal(lines.length, 3, output);
  const [, url] = lines[0].match(/^Syncline listens on (http:\/\/127\.0\.0\.1:\d+)$/);
  assert.equal(lines[1], `Its data is in ${join(folder, 'data')}`);
  assert.ok(lines[2].includes(`${url}/spaces`), lines[2]);
  assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700);
  await fetch(`${url}/spaces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":"plans","name":"Plans"}' });
  const waiting = fetch(`${url}/spaces/plans/pull?wait=50`);
  while ((await (await fetch(`${url}/spaces`)).json()).spaces.length !== 1);
  child.kill('SIGTERM');
  const answer = await waiting.catch((error) => error);
  if (answer instanceof Response) assert.equal(answer.status, 503);
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('a backup is made beside a running server and overwrites nothing; a restore waits until it is stopped', async () => {
  const run = await Server.start();
  try {
    await run.ok('POST', '/spaces', { id: 'plans', name: 'Plans' });
    const push = (clock) => run.ok('POST', '/spaces/plans/push', { operations: [{ scope: 'note', resourceId: 'n', actor: 'a', clock, payload: {} }] });
    await push(1);
    const to = join(folder, 'backup');
    const backup = await syncline('backup', '--data', run.data, '--to', to);
    assert.equal(backup.code, 0, backup.stderr);
    assert.match(backup.stdout, /^Backed up 1 spaces and the accounts, \d+ bytes, to /);
    assert.deepEqual((await readdir(to)).sort(), ['backup.json', 'pl', 'platform.sqlite']);
    assert.equal((await stat(to)).mode & 0o777, 0o700);
    const twice = await syncline('backup', '--data', run.data, '--to', to);
    assert.deepEqual([twice.code, twice.stderr], [1, `syncline: ${to} is there already: a backup overwrites nothing. Choose another name.\n`]);

    await push(2);
    const early = await syncline('restore', '--from', to, '--data', run.data);
    assert.equal(early.code, 1);
    assert.match(early.stderr, /^syncline: .*in use by another server/);
    await run.kill();
    for (const [expected, ...wrong] of [
      [/'\.\.\/x' is no space id/, '--space', '../x'],
      [/The backup has no space other/, '--space', 'other'],
    ]) {
      const refused = await syncline('restore', '--from', to, '--data', run.data, ...wrong);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, expected);
    }
    const restored = await syncline('restore', '--from', to, '--data', run.data, '--space', 'plans');
    assert.equal(restored.code, 0, restored.stderr);
    const [, aside] = restored.stdout.match(/^Restored space plans as of .* UTC\nWhat was replaced is kept in (\S+): /);
    assert.ok((await stat(join(aside, 'pl', 'plans.db'))).isFile());
    await run.restart();
    assert.equal((await run.log('plans')).head, 1);

    await run.kill();
    await truncate(join(to, 'pl', 'plans.db'), 5000);
    const damaged = await syncline('restore', '--from', to, '--data', run.data, '--discard');
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /^syncline: The file of space plans is damaged/);
    await run.restart();
    assert.equal((await run.log('plans')).head, 1);
  } finally {
    await run.stop();
  }
});
