// The same client in a page of another origin, in headless Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { freePort, Host, until } from './host.mjs';

const script = await readFile(join(import.meta.dirname, 'node_modules/socket.io-client/dist/socket.io.min.js'));
const root = join(import.meta.dirname, '../..');
const chatProgram = join(root, 'samples/Chat/bin/Debug/net10.0/Chat.dll');
let host;
let pages;
let browser;

before(async () => {
  host = await Host.start();
  pages = createServer((request, response) => {
    const isScript = request.url === '/socket.io.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><script src="/socket.io.js"></script>');
  });
  await new Promise((done) => pages.listen(0, '127.0.0.1', done));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  pages?.close();
  await host?.kill();
});

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`a page of another origin over ${transports.join(' and then ')}`, async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${pages.address().port}/`);
    const seen = await page.evaluate(async ([url, ways]) => {
      const socket = globalThis.io(url, { transports: ways, auth: { token: 'x' } });
      const next = (event) => new Promise((done) => socket.once(event, (...args) => done(args)));
      const [auth] = await next('auth');
      socket.emit('message', 'häß ☃', new Uint8Array([1, 2, 3]));
      const [text, bytes] = await next('message-back');
      const numbers = [];
      socket.on('message-back', (number) => numbers.push(number));
      for (let i = 0; i < 300; i++) socket.emit('message', i);
      const acknowledged = await socket.timeout(10_000).emitWithAck('message-with-ack', { a: 1 });
      while (numbers.length < 300 || (ways.length > 1 && socket.io.engine.transport.name !== 'websocket')) await new Promise((done) => setTimeout(done, 10));
      const stays = socket.connected;
      socket.close();
      return { auth, text, bytes: [...new Uint8Array(bytes)], numbers, acknowledged, stays };
    }, [host.url, transports]);
    assert.deepEqual(seen, {
      auth: { token: 'x' }, text: 'häß ☃', bytes: [1, 2, 3], numbers: [...Array(300).keys()], acknowledged: { a: 1 }, stays: true,
    });
    await page.close();
  });
}

test('the chat sample: two pages see what each other says', async (t) => {
  const port = await freePort();
  const chat = spawn('dotnet', [chatProgram, '--urls', `http://127.0.0.1:${port}`], { cwd: join(root, 'samples/Chat'), stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => chat.kill('SIGKILL'));
  await until(async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.ok, 'the sample answers');
  const open = async (name) => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/?name=${name}`);
    await page.waitForFunction('socket.connected');
    return page;
  };
  const anna = await open('Anna');
  const bert = await open('Bert');
  await anna.getByText('Bert has come').waitFor();
  await bert.locator('#text').fill('Hello & <b>you</b>');
  await anna.getByText('Bert is typing').waitFor();
  await bert.locator('#text').press('Enter');
  await anna.getByText('Bert: Hello & <b>you</b>').waitFor();
  await bert.getByText('Bert: Hello & <b>you</b>').waitFor();
  if (process.env.SCREENSHOT) await anna.screenshot({ path: process.env.SCREENSHOT });
  await bert.close();
  await anna.getByText('Bert has gone').waitFor();
  await anna.close();
});
