//! Each kind of file that lies in a crate and is no part of it, and each way of becoming one.

use std::fs;

use super::*;

/// A crate that goes away with the test.
struct Crate(PathBuf);

impl Crate {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let name = format!("stackctl-crate-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        let made = Self(folder);
        made.save(
            "Cargo.toml",
            "[package]\nname = 'h'\n[[bin]]\nname = 'bootstrap'\npath = 'src/main.rs'\n",
        );
        for (path, text) in files {
            made.save(path, text);
        }
        made
    }

    fn save(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn names(&self) -> Vec<String> {
        let files = read(&self.0).expect("it can be read");
        let name = |path: &Path| path.strip_prefix(&self.0).expect("ours").display().to_string();
        files.iter().map(|(path, _)| name(path)).collect()
    }

    fn text(&self, path: &str) -> String {
        let files = read(&self.0).expect("it can be read");
        files.into_iter().find(|(found, _)| *found == self.0.join(path)).expect("it is compiled").1
    }
}

impl Drop for Crate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_lies_in_the_folder_and_is_no_module_is_not_read() {
    let made =
        Crate::new("stray", &[("src/main.rs", "mod routes; fn main() {}"), ("src/routes.rs", "")]);
    made.save("src/._routes.rs", b"\0\x05\x16\x07 Mac OS X \xff\xfe");
    made.save("src/scratch.rs", "fn x( {\n");
    made.save("src/backup/operations.rs", "operations! { get: GetItem }");
    made.save("src/tool.rs", "#!/usr/bin/env rust-script\nfn main(){}\n");
    made.save("src/bin/other.rs", "operations! { get: GetItem }");
    made.save("src/routes.rs.orig", "");
    std::os::unix::fs::symlink("me@host.1234:1", made.0.join("src/.#routes.rs")).expect("a link");
    std::os::unix::fs::symlink(".", made.0.join("src/loop")).expect("a link");
    std::os::unix::fs::symlink("/dev/zero", made.0.join("src/z.rs")).expect("a link");
    assert_eq!(made.names(), ["src/main.rs", "src/routes.rs"]);
}

#[test]
fn every_way_of_declaring_a_module_is_followed() {
    let made = Crate::new(
        "ways",
        &[
            (
                "src/main.rs",
                "mod a; mod b; #[path = \"elsewhere/c.rs\"] mod c; mod d { mod e; #[path = \"f_file.rs\"] mod f; }
                 #[path = \"inside\"] mod g { mod h; } mod r#type; include!(\"i.rs\");
                 #[cfg_attr(unix, path = \"j_unix.rs\")] mod j; #[cfg_attr(windows, path = \"k_windows.rs\")] mod k;
                 cfg_if::cfg_if! { if #[cfg(windows)] { mod l; } else { mod m; } }
                 fn main() {}",
            ),
            ("src/a.rs", "mod inner;"),
            ("src/a/inner.rs", ""),
            ("src/b/mod.rs", "mod inner; #[path = \"x.rs\"] mod other;"),
            ("src/b/inner.rs", ""),
            ("src/b/x.rs", ""),
            ("src/elsewhere/c.rs", "mod below;"),
            ("src/elsewhere/below.rs", ""),
            ("src/d/e.rs", ""),
            ("src/d/f_file.rs", ""),
            ("src/inside/h.rs", ""),
            ("src/type.rs", ""),
            ("src/i.rs", ""),
            ("src/j.rs", "compile_error!()"),
            ("src/j_unix.rs", ""),
            ("src/k.rs", ""),
            ("src/k_windows.rs", ""),
            ("src/l.rs", ""),
            ("src/m.rs", ""),
        ],
    );
    let expected = [
        "src/a/inner.rs",
        "src/a.rs",
        "src/b/inner.rs",
        "src/b/mod.rs",
        "src/b/x.rs",
        "src/d/e.rs",
        "src/d/f_file.rs",
        "src/elsewhere/below.rs",
        "src/elsewhere/c.rs",
        "src/i.rs",
        "src/inside/h.rs",
        "src/j_unix.rs",
        "src/k.rs",
        "src/m.rs",
        "src/main.rs",
        "src/type.rs",
    ];
    assert_eq!(made.names(), expected);
}

#[test]
fn what_a_condition_leaves_out_is_no_part() {
    let main = "#[cfg(windows)] mod w;
#[cfg(test)] mod t;
#[cfg(feature = \"extra\")] mod x;
#[cfg(feature = \"usual\")] mod u;
#[cfg(tokio_unstable)] mod maybe;
#[cfg(test)]
routes! { GET \"/left-out\" => out [] }
routes! { GET \"/kept\" => kept [] }
#[cfg(test)] mod tests { routes! { GET \"/too\" => out [] } }
fn main() { #[cfg(not(unix))] routes!(); }
";
    let made = Crate::new(
        "conditions",
        &[("src/main.rs", main), ("src/u.rs", ""), ("src/maybe.rs", "#![cfg(false)]\nroutes!();")],
    );
    made.save(
        "Cargo.toml",
        "[package]\nname = 'h'\n[[bin]]\nname = 'bootstrap'\npath = 'src/main.rs'\nrequired-features = ['lambda']\n
         [features]\ndefault = ['some']\nsome = ['serde/derive', 'dep:x']\nlambda = ['usual']\nusual = []\nextra = []\n",
    );
    assert_eq!(made.names(), ["src/main.rs", "src/maybe.rs", "src/u.rs"]);
    let text = made.text("src/main.rs");
    assert!(
        text.contains("/kept") && !text.contains("/left-out") && !text.contains("/too"),
        "{text}"
    );
    assert!(!text.contains("routes!()"), "{text}");
    assert_eq!(text.lines().nth(7), main.lines().nth(7), "lines stay where they are");
    assert_eq!(made.text("src/maybe.rs").trim(), "");
}

#[test]
fn the_roots_are_those_of_the_binary_that_lambda_starts() {
    let files = [
        ("src/main.rs", ""),
        ("src/lib.rs", "pub mod a;"),
        ("src/a.rs", ""),
        ("src/bin/bootstrap.rs", ""),
        ("src/bin/tool.rs", ""),
    ];
    let made = Crate::new("roots", &files);
    assert_eq!(made.names(), ["src/a.rs", "src/lib.rs", "src/main.rs"]);
    made.save("Cargo.toml", "[package]\nname = 'h'\n");
    assert_eq!(made.names(), ["src/a.rs", "src/bin/bootstrap.rs", "src/lib.rs"]);
    made.save("Cargo.toml", "[package]\nname = 'h'\n[lib]\npath = 'src/a.rs'\n[[bin]]\nname = 'bootstrap'\npath = 'src/bin/tool.rs'");
    assert_eq!(made.names(), ["src/a.rs", "src/bin/tool.rs"]);
}

#[test]
fn a_loop_of_modules_ends() {
    let made =
        Crate::new("loop", &[("src/main.rs", "#[path = \"main.rs\"] mod again; fn main() {}")]);
    assert_eq!(made.names(), ["src/main.rs"]);
}

#[test]
fn a_mark_at_the_beginning_is_taken_off() {
    let made = Crate::new(
        "marks",
        &[
            ("src/main.rs", "\u{feff}mod a;\nfn main() {}"),
            ("src/a.rs", "#!/usr/bin/env x\nmod b;"),
        ],
    );
    made.save("src/a/b.rs", "");
    assert_eq!(made.names(), ["src/a/b.rs", "src/a.rs", "src/main.rs"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let made = Crate::new("broken", &[("src/main.rs", "mod a;\nfn main() {}")]);
    let refused = || read(&made.0).expect_err("refused").to_string();
    assert!(refused().ends_with("has a module without a file: `a`"), "{}", refused());
    made.save("src/a.rs", b"\xff\xfe");
    assert!(refused().contains("src/a.rs"), "{}", refused());
    fs::remove_file(made.0.join("src/a.rs")).expect("it was there");
    std::os::unix::fs::symlink("/dev/zero", made.0.join("src/a.rs")).expect("a link");
    assert!(
        refused().contains("a module without a file") || refused().contains("not a file"),
        "{}",
        refused()
    );
}
