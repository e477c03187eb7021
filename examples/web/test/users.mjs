// Calls a running API with users: `node test/users.mjs URL TOKEN_OF_ALICE TOKEN_OF_BOB`.
// The client is made for an API with `[auth]`.
import assert from "node:assert/strict";

import { createServer } from "vite";

const [baseUrl, alice, bob] = process.argv.slice(2);
const vite = await createServer({ server: { middlewareMode: true }, appType: "custom", logLevel: "error" });

/** A token that nobody has signed, with this second of its end. */
const unsigned = (exp) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", kid: "none" })}.${part({ exp })}.AAAA`;
};

try {
  const { createClient } = await vite.ssrLoadModule("/src/client.ts");
  const now = Math.floor(Date.now() / 1000);

  const own = createClient({ baseUrl, token: () => alice });
  const created = await own.createItem({}, { title: "Of Alice" });
  assert.ok(created.ok, JSON.stringify(created));
  const { itemId } = created.data;
  const other = createClient({ baseUrl, token: async () => bob });
  const foreign = await other.getItem({ itemId });
  assert.deepEqual([foreign.status, foreign.kind], [404, "refused"]);
  const listed = await other.listItems();
  assert.ok(listed.ok && !listed.data.items.some((item) => item.itemId === itemId));

  const nobody = await createClient({ baseUrl }).listItems();
  assert.deepEqual([nobody.ok, nobody.status, nobody.kind], [false, 401, "unauthenticated"]);

  // What is about to expire is renewed before it is sent, once for all calls at the same time.
  const asked = [];
  const sent = [];
  const counting = (first) =>
    createClient({
      baseUrl,
      token: async ({ refresh }) => {
        asked.push(refresh);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return refresh ? alice : first;
      },
      fetch: (url, init) => {
        sent.push(init.headers.get("authorization"));
        return fetch(url, init);
      },
    });
  const old = counting(unsigned(now + 10));
  const all = await Promise.all([1, 2, 3].map(() => old.listItems()));
  assert.ok(all.every((result) => result.ok));
  assert.equal(asked.filter((refresh) => refresh).length, 1, "one renewal");
  assert.deepEqual(new Set(sent), new Set([`Bearer ${alice}`]), "the old token was never sent");

  // What the gateway refuses is renewed once and sent again, also when it was a create.
  asked.length = sent.length = 0;
  const refused = counting(unsigned(now + 3600));
  const again = await Promise.all([1, 2, 3].map(() => refused.createItem({}, { title: "Again" })));
  assert.ok(again.every((result) => result.ok), JSON.stringify(again));
  assert.equal(asked.filter((refresh) => refresh).length, 1, "one renewal");
  for (const { data } of again) assert.ok((await own.deleteItem({ itemId: data.itemId })).ok);

  // The same token a second time is not sent again, and neither is what the function itself refuses.
  sent.length = 0;
  const stubborn = createClient({
    baseUrl,
    token: () => unsigned(now + 3600),
    fetch: (url, init) => (sent.push(url), fetch(url, init)),
  });
  assert.equal((await stubborn.listItems()).kind, "unauthenticated");
  assert.equal(sent.length, 1);
  const deaf = createClient({
    baseUrl,
    token: ({ refresh }) => (refresh ? assert.fail("the function has answered") : alice),
    fetch: async () => new Response('{"error":"Unauthorized"}', { status: 401, headers: { "x-function-version": "1" } }),
  });
  assert.equal((await deaf.listItems()).kind, "unauthenticated");
  const broken = createClient({ baseUrl, token: () => Promise.reject(new Error("signed out")) });
  assert.deepEqual(await broken.listItems(), { ok: false, status: 0, kind: "unanswered", error: "signed out" });

  assert.ok((await own.deleteItem({ itemId })).ok);
  console.log("each their own; tokens are renewed once");
} finally {
  await vite.close();
}
