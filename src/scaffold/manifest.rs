//! The handler's `Cargo.toml`, free of the workspace that it lives in here.

/// Sections of the workspace that a crate of its own has to bring along.
const PROFILES: [&str; 3] = ["[profile.dev]", "[profile.dev.package.\"*\"]", "[profile.lambda]"];

/// The manifest with all that it inherits written out. The project's licence is not ours to choose.
pub(super) fn standalone(crate_manifest: &str, workspace: &str) -> String {
    let mut sections: Vec<String> = Vec::new();
    for section in crate_manifest.trim_end().split("\n\n") {
        if section.starts_with("[lints]") {
            sections.extend(lints(workspace));
        } else {
            let inherited =
                if section.starts_with("[package]") { "package" } else { "dependencies" };
            let lines = section.lines().filter(|line| !line.starts_with("license"));
            let lines: Vec<String> =
                lines.map(|line| written(line, inherited, workspace)).collect();
            sections.push(lines.join("\n"));
        }
    }
    let profiles = blocks(workspace).filter(|(header, _)| PROFILES.contains(header));
    sections.extend(profiles.map(|(_, block)| block.to_owned()));
    sections.push(
        "# A workspace of its own, wherever the project's folder lies.\n[workspace]".to_owned(),
    );
    sections.join("\n\n") + "\n"
}

/// `name.workspace = true` becomes what the workspace says of `name`.
fn written(line: &str, inherited: &str, workspace: &str) -> String {
    let Some(name) = line.strip_suffix(".workspace = true") else {
        return line.to_owned();
    };
    let header = format!("[workspace.{inherited}]");
    let section = blocks(workspace).find(|(found, _)| *found == header).map(|(_, block)| block);
    let mut lines = section.unwrap_or_default().lines();
    lines.find(|line| line.starts_with(&format!("{name} = "))).unwrap_or(line).to_owned()
}

fn lints(workspace: &str) -> impl Iterator<Item = String> {
    let blocks = blocks(workspace).filter(|(header, _)| header.starts_with("[workspace.lints."));
    blocks.map(|(_, block)| block.replace("[workspace.lints.", "[lints."))
}

/// The parts of a manifest between blank lines, each with the line of its header.
fn blocks(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    manifest.split("\n\n").filter_map(|block| {
        let block = block.trim_end();
        Some((block.lines().find(|line| line.starts_with('['))?, block))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_inherit() {
        let workspace = "[workspace]\nmembers = []\n\n[workspace.package]\nedition = \"2024\"\n\n[workspace.dependencies]\nserde = { version = \"1\" }\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n\n# Small.\n[profile.lambda]\nlto = \"fat\"\n\n[package]\nname = \"x\"\n";
        let manifest = "[package]\nname = \"handler\"\nedition.workspace = true\nlicense.workspace = true\n\n[lints]\nworkspace = true\n\n[dependencies]\nserde.workspace = true\nuuid = \"1\"\n";
        let expected = "[package]\nname = \"handler\"\nedition = \"2024\"\n\n[lints.rust]\nunsafe_code = \"forbid\"\n\n[dependencies]\nserde = { version = \"1\" }\nuuid = \"1\"\n\n# Small.\n[profile.lambda]\nlto = \"fat\"\n\n# A workspace of its own, wherever the project's folder lies.\n[workspace]\n";
        assert_eq!(standalone(manifest, workspace), expected);
    }
}
