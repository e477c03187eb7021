// Alice and Bob use the built page in Chromium: `node test/browser.mjs PORT PASSWORD`.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";
import { preview } from "vite";

const [port, password] = process.argv.slice(2);
const server = await preview({ logLevel: "silent", preview: { host: "127.0.0.1", port: Number(port), strictPort: true } });
const profile = mkdtempSync(join(tmpdir(), "stackctl-browser-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

try {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(20_000);
  const signIn = async (name) => {
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("input[name=username]").fill(`${name}@example.com`);
    await page.locator("input[name=password]").fill(password);
    await page.locator("button[type=submit], input[type=submit]").first().click();
    await page.getByText(`Signed in as ${name}@example.com`).waitFor();
    assert.equal(new URL(page.url()).search, "", "the code is not left in the address");
  };
  const signOut = async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Nobody is signed in").waitFor();
  };
  const add = async (title) => {
    await page.getByPlaceholder("What is to be done?").fill(title);
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("listitem").filter({ hasText: title }).waitFor();
  };
  const titles = () => page.getByRole("listitem").allTextContents();

  await page.goto(`http://localhost:${port}/`);
  await signIn("alice");
  await add("Of Alice");
  await page.reload();
  await page.getByRole("listitem").waitFor();
  assert.deepEqual(await titles(), ["Of Alice"]);
  await signOut();

  await signIn("bob");
  await add("Of Bob");
  assert.deepEqual(await titles(), ["Of Bob"], "nothing of Alice");

  await signOut();
  await page.reload();
  assert.deepEqual(await titles(), []);
  console.log("each user sees their own items");
} finally {
  await browser.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true });
}
