// Signing in, with the code flow and PKCE. Tokens are kept in the session storage of the tab.
import { type User, UserManager } from "oidc-client-ts";

const { VITE_AUTH_AUTHORITY, VITE_AUTH_METADATA_URL, VITE_AUTH_CLIENT_ID } = import.meta.env;

const manager = new UserManager({
  authority: VITE_AUTH_AUTHORITY,
  // On the local cloud the issuer of the tokens has an address of AWS, and its documents are here.
  ...(VITE_AUTH_METADATA_URL ? { metadataUrl: VITE_AUTH_METADATA_URL } : {}),
  client_id: VITE_AUTH_CLIENT_ID,
  redirect_uri: `${location.origin}/callback`,
  scope: "openid email profile",
  automaticSilentRenew: false,
});

/** Who is signed in; on the way back from the login page, who has just done so. */
export async function current(): Promise<User | null> {
  if (location.pathname !== "/callback") return manager.getUser();
  const user = await manager.signinRedirectCallback();
  history.replaceState(null, "", "/");
  return user;
}

export const signIn = () => manager.signinRedirect();

export const signOut = () => manager.removeUser();

/** For the client: renewed when it asks. */
export async function token({ refresh }: { refresh: boolean }): Promise<string | null> {
  const user = refresh ? await manager.signinSilent() : await manager.getUser();
  return user?.access_token ?? null;
}
