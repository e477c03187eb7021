import { createClient } from "./client";
import { current, signIn, signOut, token } from "./users";

const api = createClient({ baseUrl: import.meta.env.VITE_API_URL, token });

const find = <E extends Element>(selector: string) => document.querySelector<E>(selector)!;
const [who, enter, leave] = [find<HTMLOutputElement>("#who"), find<HTMLButtonElement>("#in"), find<HTMLButtonElement>("#out")];
const [form, list, alert] = [find<HTMLFormElement>("form"), find("ul"), find<HTMLElement>("[role=alert]")];

function complain(error: string | null) {
  alert.textContent = error;
  alert.hidden = error === null;
}

async function show() {
  const result = await api.listItems();
  if (!result.ok) return complain(result.kind === "unauthenticated" ? "Please sign in again" : result.error);
  complain(null);
  const rows = result.data.items.map((item) => {
    const row = document.createElement("li");
    row.textContent = item.title;
    return row;
  });
  list.replaceChildren(...rows);
}

function tell(name: string | null) {
  who.textContent = name === null ? "Nobody is signed in" : `Signed in as ${name}`;
  enter.hidden = name !== null;
  leave.hidden = form.hidden = name === null;
  if (name === null) list.replaceChildren();
}

enter.addEventListener("click", () => signIn().catch((reason) => complain(String(reason))));
leave.addEventListener("click", async () => {
  await signOut();
  tell(null);
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const title = new FormData(form).get("title");
  const created = await api.createItem({}, { title: String(title) });
  if (!created.ok) return complain(created.error);
  form.reset();
  await show();
});

try {
  const user = await current();
  tell(user?.profile.email ?? user?.profile.sub ?? null);
  if (user) await show();
} catch (reason) {
  complain(String(reason));
}
