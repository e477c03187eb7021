// Calls a running API with the generated client: `node test/client.mjs URL`.
import assert from "node:assert/strict";

import { createServer } from "vite";

const [baseUrl] = process.argv.slice(2);
const vite = await createServer({ server: { middlewareMode: true }, appType: "custom", logLevel: "error" });

try {
  const { createClient } = await vite.ssrLoadModule("/src/client.ts");
  const sent = [];
  const api = createClient({
    baseUrl: `${baseUrl}//`,
    headers: async () => ({ authorization: "Bearer one", "x-kept": "yes" }),
    fetch: (url, init) => {
      sent.push({ url, headers: init.headers });
      return fetch(url, init);
    },
  });
  const userId = `client test & ${crypto.randomUUID()}`;

  const created = [];
  for (const title of ["One", "Zwei – ü", "🫖"]) {
    const result = await api.createItem({ userId }, { title }, { headers: { authorization: "Bearer two" } });
    assert.ok(result.ok, JSON.stringify(result));
    assert.deepEqual([result.status, result.data.title, result.data.status], [201, title, "pending"]);
    created.push(result.data);
  }
  assert.equal(sent[0].headers.get("authorization"), "Bearer two");
  assert.equal(sent[0].headers.get("x-kept"), "yes");
  assert.equal(sent[0].headers.get("content-type"), "application/json");

  const pages = [];
  for await (const page of api.listItemsPages({ userId, limit: 2 })) {
    assert.ok(page.ok);
    pages.push(page.data.items);
  }
  assert.deepEqual(pages, [created.slice(0, 2), created.slice(2)]);

  const { itemId } = created[0];
  const updated = await api.updateItem({ userId, itemId }, { status: "done" });
  assert.deepEqual(updated, { ok: true, status: 200, data: { ...created[0], status: "done" } });
  assert.deepEqual(await api.getItem({ userId, itemId }), updated);
  assert.deepEqual(await api.deleteItem({ userId, itemId }), { ok: true, status: 200, data: { deleted: true } });

  const absent = { ok: false, status: 404, kind: "refused", error: "Item not found" };
  assert.deepEqual(await api.getItem({ userId, itemId }), absent);
  const refused = await api.listItems({ userId, limit: 0 });
  assert.deepEqual([refused.ok, refused.status, typeof refused.error], [false, 400, "string"]);
  const failures = [];
  for await (const page of api.listItemsPages({ userId, nextToken: "not ours" })) failures.push(page.status);
  assert.deepEqual(failures, [400]);

  const nowhere = createClient({ baseUrl: `${baseUrl}/no/such/route` });
  assert.deepEqual(await nowhere.listItems({ userId }), { ok: false, status: 404, kind: "refused", error: "Not Found" });
  const aborted = await api.listItems({ userId }, { signal: AbortSignal.abort() });
  assert.deepEqual([aborted.ok, aborted.status], [false, 0]);
  const deaf = createClient({ baseUrl: "http://127.0.0.1:9" });
  assert.equal((await deaf.listItems({ userId })).status, 0);
  const garbled = createClient({ baseUrl, fetch: async () => new Response("<html>", { status: 502 }) });
  assert.equal((await garbled.listItems({ userId })).error, "status 502, and the answer is not JSON");
  console.log("created, listed, read, updated, deleted; failures are values");
} finally {
  await vite.close();
}
