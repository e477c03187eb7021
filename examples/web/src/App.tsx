import { useEffect, useState } from "react";

import { api, userId } from "./api";
import type { Failure, Item } from "./client";
import { NewItem } from "./NewItem";
import { Row } from "./Row";

export function App() {
  const [items, setItems] = useState<Item[]>();
  const [failure, setFailure] = useState<Failure>();

  useEffect(() => {
    const leaving = new AbortController();
    void load(leaving.signal);
    return () => leaving.abort();
  }, []);

  async function load(signal: AbortSignal) {
    const all: Item[] = [];
    for await (const page of api.listItemsPages({ userId }, { signal })) {
      if (signal.aborted) return;
      if (!page.ok) return setFailure(page);
      all.push(...page.data.items);
      setItems([...all]);
    }
  }

  async function add(title: string) {
    const created = await api.createItem({ userId }, { title });
    setFailure(created.ok ? undefined : created);
    if (created.ok) setItems((items = []) => [...items, created.data]);
    return created.ok;
  }

  async function finish({ itemId, status }: Item) {
    const next = status === "done" ? "pending" : "done";
    const updated = await api.updateItem({ userId, itemId }, { status: next });
    setFailure(updated.ok ? undefined : updated);
    if (updated.ok) setItems((items) => items?.map((item) => (item.itemId === itemId ? updated.data : item)));
  }

  async function remove({ itemId }: Item) {
    const deleted = await api.deleteItem({ userId, itemId });
    setFailure(deleted.ok ? undefined : deleted);
    if (deleted.ok) setItems((items) => items?.filter((item) => item.itemId !== itemId));
  }

  const open = items?.filter((item) => item.status !== "done").length ?? 0;
  return (
    <main>
      <header>
        <h1>Things to do</h1>
        <p>{items && (open === 0 ? "All done." : `${open} of ${items.length} to go`)}</p>
      </header>
      <NewItem add={add} />
      {failure && (
        <p role="alert">
          {failure.status === 0 ? "The API does not answer" : `Status ${failure.status}`}: {failure.error}
          {failure.status === 0 && (
            <>
              . <code>stackctl cors {location.origin}</code> says whether this page may ask it.
            </>
          )}
        </p>
      )}
      <ul>
        {items?.map((item) => (
          <Row key={item.itemId} item={item} finish={() => finish(item)} remove={() => remove(item)} />
        ))}
      </ul>
      {items?.length === 0 && <p className="empty">Nothing here yet. What comes first?</p>}
    </main>
  );
}
