// Made by `stackctl api client` from the handler's openapi.json. Do not edit it: make it again.

// {types}
/** What a call gives: never a rejected promise. */
export type Result<T> = { ok: true; status: number; data: T } | Failure;

/** The function's own `error` or the gateway's `message`. Status 0: no answer came (offline, refused by CORS, aborted). */
export type Failure = { ok: false; status: number; error: string };

export interface ClientOptions {
  /** Where the API is: `api_url` of `stackctl up`. */
  baseUrl: string;
  /** Sent with every request; a function is asked each time, for a token that is renewed. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** Instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  headers?: HeadersInit | undefined;
}

export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions) {
  const base = options.baseUrl.replace(/\/+$/, "");

  async function send<T>(
    method: string,
    path: string,
    query: Record<string, unknown>,
    body: unknown,
    call: CallOptions = {},
  ): Promise<Result<T>> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) search.append(name, String(one));
      }
    }
    try {
      const common = typeof options.headers === "function" ? await options.headers() : options.headers;
      const headers = new Headers(common);
      new Headers(call.headers).forEach((value, name) => headers.set(name, value));
      if (body !== undefined) headers.set("content-type", "application/json");
      const request = options.fetch ?? globalThis.fetch;
      const response = await request(`${base}${path}?${search}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: call.signal ?? null,
      });
      return read<T>(response.ok, response.status, await response.text());
    } catch (reason) {
      return { ok: false, status: 0, error: reason instanceof Error ? reason.message : String(reason) };
    }
  }

  return {
// {calls}
  };
}

function read<T>(ok: boolean, status: number, text: string): Result<T> {
  let document: any;
  try {
    document = text === "" ? null : JSON.parse(text);
  } catch {
    return { ok: false, status, error: `status ${status}, and the answer is not JSON` };
  }
  if (ok) return { ok, status, data: document };
  return { ok, status, error: String(document?.error ?? document?.message ?? `status ${status}`) };
}
// {pages}
