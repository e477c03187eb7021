// Drives the page where a stack with `[site]` serves it: `node test/site.mjs SITE_URL [SCREENSHOT]`.
// It prints `open` when the page has been used, and goes on when a line comes: another release is live by then.
import assert from "node:assert/strict";
import { once } from "node:events";

import { inBrowser } from "./chromium.mjs";

const [site, screenshot] = process.argv.slice(2);
await inBrowser(async (browser) => {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(15_000);
  const requests = [];
  page.on("request", (request) => requests.push(request));
  const row = (title) => page.getByRole("listitem").filter({ hasText: title });

  await page.goto(`${site}/`);
  await page.getByText("Nothing here yet").waitFor();
  await page.getByPlaceholder("What is to be done?").fill("Ship the page");
  await page.getByRole("button", { name: "Add" }).click();
  await row("Ship the page").waitFor();

  // A deep link: no file has this name, and the page is there after a reload.
  await page.goto(`${site}/lists/of.mine`);
  await row("Ship the page").waitFor();
  await page.reload();
  await row("Ship the page").waitFor();
  if (screenshot) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 700 });
      await page.screenshot({ path: `${screenshot}-${width}.png` });
    }
  }

  const calls = requests.filter((request) => request.url().startsWith(`${site}/api/`));
  assert.ok(calls.length > 0, "the API is called on the host of the site");
  assert.ok(requests.every((request) => request.url().startsWith(site)), "and nothing else is called");
  assert.ok(requests.every((request) => request.method() !== "OPTIONS"), "so no preflight is needed");
  const before = await page.title();

  console.log("open");
  await once(process.stdin, "data");

  const script = await page.locator("script[src]").first().getAttribute("src");
  const status = await page.evaluate(async (src) => (await fetch(src, { cache: "reload" })).status, script);
  assert.equal(status, 200, "a page that is open still finds its script");
  await page.reload();
  await row("Ship the page").waitFor();
  assert.notEqual(await page.title(), before, "a reload shows the new release");
  assert.notEqual(await page.locator("script[src]").first().getAttribute("src"), script);
  console.log("the new release is there, and the old page went on working");
});
process.stdin.destroy();
