import { useState, type FormEvent } from "react";

export function NewItem({ add }: { add: (title: string) => Promise<boolean> }) {
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    if (await add(title.trim())) setTitle("");
    setBusy(false);
  }

  return (
    <form onSubmit={submit}>
      <input
        aria-label="What is to be done"
        placeholder="What is to be done?"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        autoFocus
      />
      <button disabled={busy || title.trim() === ""}>Add</button>
    </form>
  );
}
