// Drives the built page in Chromium as its user would: `node test/browser.mjs PORT [SCREENSHOT]`.
// The API must allow http://localhost:PORT, and not http://127.0.0.1:PORT, from where the same page is opened last.
import assert from "node:assert/strict";

import { preview } from "vite";

import { inBrowser } from "./chromium.mjs";

const [port, screenshot] = process.argv.slice(2);
const server = await preview({
  logLevel: "silent",
  preview: { host: "127.0.0.1", port: Number(port), strictPort: true },
});

await inBrowser(async (browser) => {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(15_000);
  const row = (title) => page.getByRole("listitem").filter({ hasText: title });

  await page.goto(`http://localhost:${port}/`);
  await page.getByText("Nothing here yet").waitFor();
  const titles = ["Write stack.toml", "Bring it up", "Ship the page"];
  for (const title of titles) {
    await page.getByPlaceholder("What is to be done?").fill(title);
    await page.getByRole("button", { name: "Add" }).click();
    await row(title).waitFor();
  }

  await page.reload();
  await row(titles[2]).waitFor();
  assert.deepEqual(await page.getByRole("listitem").locator("span").allTextContents(), titles);

  await row(titles[0]).getByRole("checkbox").click();
  await page.getByText("2 of 3 to go").waitFor();
  await page.reload();
  await page.getByText("2 of 3 to go").waitFor();
  assert.equal(await row(titles[0]).getByRole("checkbox").isChecked(), true);
  await page.getByPlaceholder("What is to be done?").fill("Tell a friend");
  if (screenshot) await page.screenshot({ path: screenshot });

  await page.getByRole("button", { name: `Delete ${titles[1]}` }).click();
  await row(titles[1]).waitFor({ state: "detached" });
  await page.reload();
  await page.getByText("1 of 2 to go").waitFor();
  assert.equal(await row(titles[1]).count(), 0);

  const refusals = [];
  page.on("console", (message) => refusals.push(message.text()));
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.getByRole("alert").filter({ hasText: "The API does not answer" }).waitFor();
  assert.ok(refusals.some((text) => text.includes("blocked by CORS policy")), refusals.join("\n"));
  console.log("added, reloaded, finished, deleted; a foreign origin was refused");
}).finally(() => server.close());
