// Made by `stackctl api client` from the handler's openapi.json. Do not edit it: make it again.

// {types}
/** What a call gives: never a rejected promise. */
export type Result<T> = { ok: true; status: number; data: T } | Failure;

/** The function's own `error` or the gateway's `message`. Status 0: no answer came (offline, refused by CORS, aborted). */
export type Failure = { ok: false; status: number; kind: FailureKind; error: string };

/** `unauthenticated`: sign in; `forbidden`: not for this user; `refused`: the request is wrong; `failed`: the API is. */
export type FailureKind = "unauthenticated" | "forbidden" | "refused" | "failed" | "unanswered";

export interface ClientOptions {
  /** Where the API is: `api_url` of `stackctl up`. */
  baseUrl: string;
  /**
   * Gives the access token of the user, or null when nobody is signed in; asked for each call. With `refresh`, the token
   * before is about to expire or was refused by the gateway: renew it. Calls at the same time share one renewal.
   */
  token?: ((ask: { refresh: boolean }) => string | null | Promise<string | null>) | undefined;
  /** Sent with every request; a function is asked each time. */
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
  let renewal: Promise<string | null> | undefined;

  async function ask(refresh: boolean): Promise<string | null> {
    return options.token ? options.token({ refresh }) : null;
  }

  function renewed(): Promise<string | null> {
    renewal ??= ask(true).finally(() => (renewal = undefined));
    return renewal;
  }

  async function token(): Promise<string | null> {
    if (renewal) return renewal;
    const current = await ask(false);
    return current !== null && endsSoon(current) ? renewed() : current;
  }

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
      const request = options.fetch ?? globalThis.fetch;
      const once = (token: string | null) => {
        const headers = new Headers(common);
        if (token !== null) headers.set("authorization", `Bearer ${token}`);
        new Headers(call.headers).forEach((value, name) => headers.set(name, value));
        if (body !== undefined) headers.set("content-type", "application/json");
        return request(`${base}${path}?${search}`, {
          method,
          headers,
          body: body === undefined ? null : JSON.stringify(body),
          signal: call.signal ?? null,
        });
      };
      const first = await token();
      let response = await once(first);
      // Without the function's version it was the gateway that refused: nothing has run, so the request may be repeated.
      if (response.status === 401 && first !== null && !response.headers.has("x-function-version")) {
        const second = await renewed();
        if (second !== null && second !== first) response = await once(second);
      }
      return read<T>(response.ok, response.status, await response.text());
    } catch (reason) {
      return failure(0, reason instanceof Error ? reason.message : String(reason));
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
    return failure(status, `status ${status}, and the answer is not JSON`);
  }
  if (ok) return { ok, status, data: document };
  return failure(status, String(document?.error ?? document?.message ?? `status ${status}`));
}

function failure(status: number, error: string): Failure {
  const kinds: Record<number, FailureKind> = { 0: "unanswered", 401: "unauthenticated", 403: "forbidden" };
  return { ok: false, status, kind: kinds[status] ?? (status >= 500 ? "failed" : "refused"), error };
}

/** Whether a token expires within half a minute. It is read, not verified: the gateway does that. */
function endsSoon(token: string): boolean {
  try {
    const claims = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { exp } = JSON.parse(atob(claims)) as { exp?: unknown };
    return typeof exp === "number" && exp * 1000 - Date.now() < 30_000;
  } catch {
    return false;
  }
}
// {pages}
