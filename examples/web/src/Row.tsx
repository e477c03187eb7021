import { useState } from "react";

import type { Item } from "./client";

type Props = { item: Item; finish: () => Promise<void>; remove: () => Promise<void> };

const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });

export function Row({ item, finish, remove }: Props) {
  const [busy, setBusy] = useState(false);

  async function wait(work: () => Promise<void>) {
    setBusy(true);
    await work();
    setBusy(false);
  }

  return (
    <li className={item.status} aria-busy={busy}>
      <label>
        <input type="checkbox" checked={item.status === "done"} disabled={busy} onChange={() => wait(finish)} />
        <span>{item.title}</span>
      </label>
      <time dateTime={item.createdAt}>{day.format(new Date(item.createdAt))}</time>
      <button aria-label={`Delete ${item.title}`} disabled={busy} onClick={() => wait(remove)}>
        ×
      </button>
    </li>
  );
}
