import { createClient } from "./client";

/** `stackctl up --write-env .env.local` writes the address. */
export const api = createClient({ baseUrl: import.meta.env.VITE_API_URL });

/** Whose items: one name a browser. A page with a sign-in takes it from there. */
export const userId = (localStorage.userId ??= crypto.randomUUID()) as string;
