interface ImportMetaEnv {
  readonly VITE_API_URL: string;
  readonly VITE_AUTH_AUTHORITY: string;
  readonly VITE_AUTH_METADATA_URL?: string;
  readonly VITE_AUTH_CLIENT_ID: string;
}
