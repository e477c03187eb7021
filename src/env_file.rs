//! `.env.local`: where a frontend's bundler reads the API's address, and where its users sign in.

use std::io::ErrorKind;
use std::path::Path;

use crate::files;
use engine::error::{Doing, Result};

/// What Vite and Next.js let through to the browser begins so.
pub const PREFIXES: [&str; 2] = ["VITE_", "NEXT_PUBLIC_"];

/// What a page has to know, by names without a prefix.
pub type Values = Vec<(&'static str, String)>;

/// The address of the API, and for an API with users where they sign in. On the local cloud the issuer's own address is
/// AWS's, so a page is told where its documents are.
pub fn values(url: &str, sign_in: Option<&SignIn>) -> Values {
    let mut values = vec![("API_URL", url.to_owned())];
    if let Some(SignIn { authority, metadata, client }) = sign_in {
        values.push(("AUTH_AUTHORITY", authority.clone()));
        values.extend(metadata.clone().map(|metadata| ("AUTH_METADATA_URL", metadata)));
        values.extend(client.clone().map(|client| ("AUTH_CLIENT_ID", client)));
    }
    values
}

/// What a page needs to sign a user in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The issuer.
    pub authority: String,
    /// Where its discovery document is, when that is not below the issuer.
    pub metadata: Option<String>,
    /// The page's own name at the issuer, where stackctl knows it.
    pub client: Option<String>,
}

/// Nobody has so many settings.
const LONGEST: u64 = 1 << 20;

/// Refuses a file that could not be written later on, when the stack is up.
pub fn check(path: &Path) -> Result<()> {
    files::check_folder(path, "--write-env")
}

/// Writes the values under our keys, and leaves every other byte as it is.
pub fn write(path: &Path, values: &Values) -> Result<()> {
    let before = match machine::read(path, LONGEST) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.doing(format!("read `{}`", path.display()))?,
    };
    let after = with(&before, values);
    if after == before { Ok(()) } else { files::replace(path, &after) }
}

fn with(before: &[u8], values: &Values) -> Vec<u8> {
    // Bundlers expand `$default`, each with an escape of its own; in a URL, this is the same character.
    let keyed = |(name, value): &(&str, String)| {
        PREFIXES.map(|prefix| (format!("{prefix}{name}"), value.replace('$', "%24")))
    };
    let mut missing: Vec<(String, String)> = values.iter().flat_map(keyed).collect();
    let all = missing.clone();
    let mut after = Vec::new();
    for line in before.split_inclusive(|byte| *byte == b'\n') {
        match all.iter().find(|(key, _)| assigns(line, key)) {
            Some((key, value)) => {
                let start = line.iter().position(|byte| *byte == b'=').unwrap_or_default() + 1;
                after.extend_from_slice(&line[..start]);
                after.extend_from_slice(value.as_bytes());
                after.extend_from_slice(ending(line));
                missing.retain(|(one, _)| one != key);
            }
            None => after.extend_from_slice(line),
        }
    }
    let newline = if before.ends_with(b"\r\n") { "\r\n" } else { "\n" };
    if !missing.is_empty() && !after.is_empty() && !after.ends_with(b"\n") {
        after.extend_from_slice(newline.as_bytes());
    }
    for (key, value) in missing {
        after.extend_from_slice(format!("{key}={value}{newline}").as_bytes());
    }
    after
}

/// Whether a line is `KEY=…`, with `export` before it or without.
fn assigns(line: &[u8], key: &str) -> bool {
    let line = line.trim_ascii_start();
    let line = match line.strip_prefix(b"export") {
        Some(rest) if rest.starts_with(b" ") || rest.starts_with(b"\t") => rest.trim_ascii_start(),
        _ => line,
    };
    let rest = line.strip_prefix(key.as_bytes());
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
}

fn ending(line: &[u8]) -> &[u8] {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    &line[text.strip_suffix(b"\r").unwrap_or(text).len()..]
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const URL: &str = "https://a.example";

    fn after(before: &str) -> String {
        String::from_utf8(with(before.as_bytes(), &values(URL, None))).expect("it was text")
    }

    #[test]
    fn an_empty_file_gets_both_keys() {
        assert_eq!(
            after(""),
            "VITE_API_URL=https://a.example\nNEXT_PUBLIC_API_URL=https://a.example\n"
        );
    }

    #[test]
    fn our_keys_are_replaced_where_they_stand_and_the_rest_is_kept() {
        let before = "# mine\nSECRET=\"a = b\" \n export VITE_API_URL = 'old' # see docs\r\n\nNEXT_PUBLIC_API_URL=old\nMY_VITE_API_URL=x\n#VITE_API_URL=x\nVITE_API_URLS=x";
        assert_eq!(
            after(before),
            "# mine\nSECRET=\"a = b\" \n export VITE_API_URL =https://a.example\r\n\nNEXT_PUBLIC_API_URL=https://a.example\nMY_VITE_API_URL=x\n#VITE_API_URL=x\nVITE_API_URLS=x"
        );
    }

    #[test]
    fn a_last_line_without_an_end_gets_one_before_ours() {
        assert_eq!(
            after("A=1\r\nVITE_API_URL=x"),
            "A=1\r\nVITE_API_URL=https://a.example\nNEXT_PUBLIC_API_URL=https://a.example\n"
        );
        assert!(after("A=1\r\n").ends_with("NEXT_PUBLIC_API_URL=https://a.example\r\n"));
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        assert!(
            with(b"A=\xff\xfe\n", &values(URL, None)).starts_with(b"A=\xff\xfe\nVITE_API_URL=")
        );
    }

    #[test]
    fn a_page_learns_where_its_users_sign_in() {
        let sign_in = SignIn {
            authority: "https://a.example/".into(),
            metadata: None,
            client: Some("page".into()),
        };
        let text = with(b"VITE_AUTH_CLIENT_ID=old\n", &values(URL, Some(&sign_in)));
        let text = String::from_utf8(text).expect("text");
        assert!(text.starts_with("VITE_AUTH_CLIENT_ID=page\nVITE_API_URL="), "{text}");
        assert!(text.contains("\nNEXT_PUBLIC_AUTH_AUTHORITY=https://a.example/\n"), "{text}");
        assert!(!text.contains("METADATA"), "{text}");
    }

    #[test]
    fn nothing_is_left_for_a_bundler_to_expand() {
        let text = with(b"", &values("http://127.0.0.1:4566/_aws/execute-api/a1/$default", None));
        assert!(
            text.starts_with(
                b"VITE_API_URL=http://127.0.0.1:4566/_aws/execute-api/a1/%24default\n"
            )
        );
    }

    #[test]
    fn a_file_stays_as_private_as_it_was_and_a_link_stays_a_link() {
        let folder = std::env::temp_dir().join(format!("stackctl-env-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (file, link) = (folder.join("real"), folder.join(".env.local"));
        fs::write(&file, "SECRET=1\n").expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("our file");
        symlink(&file, &link).expect("a link");
        write(&link, &values(URL, None)).expect("it can be written");
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        let text = fs::read_to_string(&file).expect("text");
        let is_link = fs::symlink_metadata(&link).expect("a link").is_symlink();
        let left = fs::read_dir(&folder).expect("a folder").count();
        let _ = fs::remove_dir_all(&folder);
        assert_eq!((mode & 0o777, is_link, left), (0o600, true, 2));
        assert!(text.starts_with("SECRET=1\nVITE_API_URL="));
    }
}
