/**
 * `cargo xtask screenshots`: every screen (`screens.js`) in both languages and both
 * themes, in two sizes, as pictures in `target/screenshots/LANGUAGE-THEME` with a page
 * that shows all of them. Ends with an error when a screen cannot be brought up.
 *
 * `node take.js FOLDER [NAME...]`
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { screens } from './screens.js';

const LANGUAGES = ['en', 'zh-CN'];
const THEMES = ['light', 'dark'];
const SIZES = [
  { width: 1100, height: 760, ending: '' },
  { width: 800, height: 600, ending: '.small' },
];
/** Longest wait for what a screen shows. */
const PATIENCE_MS = 60_000;
/** One grey pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGPYAAAAsgCxVQroKgAAAABJRU5ErkJggg==',
  'base64',
);
/** So many pages at a time. */
const TOGETHER = 4;

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error('say the folder');
const ui = fileURLToPath(new URL('..', import.meta.url));
const wanted = screens.filter(({ name }) => names.length === 0 || names.includes(name));
const selector = (what) => (/[[ ]/.test(what) ? what : `[data-testid="${what}"]`);
const failures = [];

// Built, not served as it is: what somebody writes meanwhile must not reload the pages.
const built = path.join(folder, '.ui');
const shared = {
  configFile: path.join(ui, 'vite.config.ts'),
  mode: 'web',
  logLevel: 'warn',
  build: { outDir: built, emptyOutDir: true, minify: false },
};
if (names.length === 0) await rm(folder, { recursive: true, force: true });
await build(shared);
const server = await preview({ ...shared, preview: { port: 0, strictPort: false } });
const base = new URL('web.html', server.resolvedUrls.local[0]).href;
const executablePath = [
  process.env.STARTALK_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== undefined && existsSync(file));
// With a microphone that beeps, which nobody has to allow.
const args = [
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];
const browser = await chromium.launch({ executablePath, args });
try {
  const jobs = LANGUAGES.flatMap((language) =>
    THEMES.flatMap((theme) => wanted.map((screen) => ({ language, theme, screen }))),
  );
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      for (let job = jobs.shift(); job; job = jobs.shift()) await take(job);
    }),
  );
  await writeFile(path.join(folder, 'index.html'), overview());
} finally {
  await browser.close();
  await server.close();
  await rm(built, { recursive: true, force: true });
}
if (failures.length > 0) {
  process.stderr.write(`${failures.join('\n')}\n`);
  process.exitCode = 1;
}

async function take({ language, theme, screen }) {
  const into = path.join(folder, `${language}-${theme}`);
  await mkdir(into, { recursive: true });
  const context = await browser.newContext({
    locale: language,
    timezoneId: 'Asia/Shanghai',
    colorScheme: theme,
    reducedMotion: 'reduce',
    viewport: SIZES[0],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) =>
    failures.push(`${screen.name} (${language}, ${theme}): ${error.message}`),
  );
  try {
    const query = new URLSearchParams({ scene: screen.scene ?? 'main', locale: language, theme });
    await page.goto(`${base}?${query}`);
    await page.waitForSelector('body[data-ready]');
    for (const step of screen.steps ?? []) await carryOut(page, step);
    if (screen.shows !== 'main') await page.waitForSelector(selector(screen.shows));
    for (const { width, height, ending } of SIZES) {
      await page.setViewportSize({ width, height });
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      await page.screenshot({
        path: path.join(into, `${screen.name}${ending}.png`),
        animations: 'disabled',
      });
    }
  } catch (error) {
    failures.push(`${screen.name} (${language}, ${theme}): ${String(error).split('\n')[0]}`);
  } finally {
    await context.close();
  }
}

async function carryOut(page, step) {
  if ('click' in step) await page.locator(selector(step.click)).first().click();
  else if ('menu' in step)
    await page.locator(selector(step.menu)).last().click({ button: 'right' });
  else if ('hover' in step) await page.locator(selector(step.hover)).last().hover();
  else if ('fill' in step)
    await page.locator(selector(step.fill)).first().pressSequentially(step.text);
  else if ('paste' in step)
    await page
      .locator(selector(step.paste))
      .first()
      .evaluate((field, text) => {
        field.focus();
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', text);
        const told = { clipboardData, bubbles: true, cancelable: true };
        if (field.dispatchEvent(new ClipboardEvent('paste', told)))
          document.execCommand('insertText', false, text);
      }, step.text);
  else if ('choose' in step)
    await page.locator(selector(step.choose)).setInputFiles([
      { name: '入口 entrance.png', mimeType: 'image/png', buffer: PICTURE },
      { name: '合同 2024 final.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(48_200) },
    ]);
  else await page.keyboard.press(step.keys);
}

/** One row for each screen, all languages and themes side by side. */
function overview() {
  const folders = LANGUAGES.flatMap((language) => THEMES.map((theme) => `${language}-${theme}`));
  const picture = (of, name) =>
    `<td><a href="${of}/${name}.png"><img loading="lazy" src="${of}/${name}.png" alt=""></a></td>`;
  const rows = screens.flatMap(({ name }) =>
    SIZES.map(
      ({ ending, width, height }) =>
        `<tr><th>${name}<br><small>${width}x${height}</small></th>${folders
          .map((of) => picture(of, `${name}${ending}`))
          .join('')}</tr>`,
    ),
  );
  return `<!doctype html><meta charset="utf-8"><title>Startalk</title>
<style>body{font:14px sans-serif}img{width:100%}th{text-align:start;vertical-align:top}
td{width:23%}</style>
<table><tr><th></th>${folders.map((of) => `<th>${of}</th>`).join('')}</tr>
${rows.join('\n')}</table>\n`;
}
