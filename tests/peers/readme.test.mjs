// What the README tells a new user to type, typed: the tour with curl, and the outline that two processes edit.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';
import { until } from './tools.mjs';

const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
let server;
let folder;

before(async () => {
  server = await Server.start();
  folder = await mkdtemp(join(tmpdir(), 'syncline-readme-'));
});
after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const section = (from, to) => readme.slice(readme.indexOf(from), readme.indexOf(to));
const blocks = (text, language) => [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map((match) => match[1]);

function run(command, args, onOutput = () => {}) {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, SYNCLINE: server.url }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = new Promise((done, fail) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput(output);
    });
    child.once('error', fail);
    child.once('close', (code) => done({ code, output }));
  });
  return { child, ended, seen: () => output };
}

const shell = (script) => run('bash', ['-euc', script.replaceAll('localhost:5080', new URL(server.url).host)]);

test('the tour with curl does what it says', async () => {
  const tour = blocks(section('## Five minutes with curl', '## An outline'), 'sh');
  const [start, make, push, wait, wake] = tour;
  assert.equal(tour.length, 5);
  assert.match(start, /run\.sh serve --Auth:Mode=None/);
  assert.equal(JSON.parse((await shell(make).ended).output).role, 'owner');
  const answers = (await shell(push).ended).output;
  assert.match(answers, /"results":\[\{"status":"accepted","seq":1\},\{"status":"accepted","seq":2\}\]/);
  assert.match(answers, /"cursor":2,"head":2,"hasMore":false/);
  assert.match((await shell(push).ended).output, /"results":\[\{"status":"duplicate","seq":1\},\{"status":"duplicate","seq":2\}\]/);
  const waiting = shell(wait);
  const woken = await Promise.race([waiting.ended, shell(wake).ended.then(() => waiting.ended)]);
  assert.match(woken.output, /"seq":3,"scope":"task","resourceId":"t1"/);
});

test('two processes edit the outline', async () => {
  const [script] = blocks(section('## An outline', '## Inside your own'), 'js');
  await writeFile(join(folder, 'outline.mjs'), script);
  await symlink(join(import.meta.dirname, 'node_modules'), join(folder, 'node_modules'));
  const outline = (args, onOutput) => run('node', ['outline.mjs', ...args], onOutput);
  assert.equal((await outline(['add', 'Buy milk']).ended).output, '- Buy milk\n');
  let seen;
  const both = new Promise((done) => { seen = done; });
  const watch = outline(['watch'], (output) => {
    if (output.endsWith('- Buy milk\n- Call Ann\n')) seen();
  });
  await outline(['add', 'Call Ann']).ended;
  await both;
  watch.child.kill();
  await watch.ended;
});

test('the task list works offline, and is synced when there is a server', async () => {
  const [program] = blocks(section('## An application that works offline', '## Inside your own'), 'csharp');
  assert.equal(program, await readFile(join(import.meta.dirname, '../../samples/TaskList/Program.cs'), 'utf8'));
  const client = join(import.meta.dirname, '../../src/Syncline.Client/Syncline.Client.csproj');
  await writeFile(join(folder, 'TaskList.csproj'), `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="${client}" />
  </ItemGroup>
</Project>`);
  await writeFile(join(folder, 'Program.cs'), program.replace('http://127.0.0.1:5080', server.url));
  const built = await run('dotnet', ['build', 'TaskList.csproj', '-o', 'built', '-v', 'quiet', '--nologo']).ended;
  assert.equal(built.code, 0, built.output);
  await server.kill();
  const offline = run('dotnet', ['built/TaskList.dll', 'Milk', 'Bread']);
  await until(() => offline.child.exitCode === null && offline.seen().includes('- Bread'), 'the tasks show without a server');
  offline.child.kill('SIGKILL');
  await server.restart();
  const { code, output } = await run('dotnet', ['built/TaskList.dll', 'Eggs']).ended;
  assert.equal(code, 0);
  assert.deepEqual(output.trim().split('\n'), ['- Milk', '- Bread', '- Eggs']);
  const { operations } = await server.log('home');
  assert.deepEqual(operations.filter((one) => one.scope === 'list').map((one) => one.payload.payload.text), ['Milk', 'Bread', 'Eggs']);
});

test('a trimmed program of it, which needs no .NET on the machine, does the same', async () => {
  const platform = `linux-${process.arch}`;
  const trimmed = ['-r', platform, '--self-contained', '-p:PublishTrimmed=true', '-p:TreatWarningsAsErrors=true', '-p:TrimmerSingleWarn=false'];
  const published = await run('dotnet', ['publish', 'TaskList.csproj', '-c', 'Release', ...trimmed, '-o', 'trimmed', '-v', 'quiet', '--nologo']).ended;
  assert.equal(published.code, 0, published.output);
  await rm(join(folder, 'tasks.db'), { force: true });
  const { code, output } = await run(join(folder, 'trimmed/TaskList'), ['Tea']).ended;
  assert.equal(code, 0);
  assert.equal(output, '- Tea\n');
  const { operations } = await server.log('home');
  assert.ok(operations.some((one) => one.payload.payload?.text === 'Tea'));
});
