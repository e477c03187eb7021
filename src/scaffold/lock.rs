//! The part of our own `Cargo.lock` that a handler needs: the first build of a new project is the one we tested.

/// The lock file of a crate that stands alone, as cargo would write it.
pub(super) fn of(package: &str, whole: &str) -> String {
    let blocks: Vec<Block> = whole.split("\n\n").filter_map(Block::parse).collect();
    let mut needed: Vec<&Block> = blocks.iter().filter(|block| block.name == package).collect();
    let mut next = 0;
    while let Some(block) = needed.get(next).copied() {
        next += 1;
        for dependency in &block.dependencies {
            for found in blocks.iter().filter(|block| block.is(dependency)) {
                if !needed.contains(&found) {
                    needed.push(found);
                }
            }
        }
    }
    let header = whole.split("\n\n").next().unwrap_or_default();
    let kept = blocks.iter().filter(|block| needed.contains(block));
    let kept: Vec<String> = kept.map(|block| block.written(&needed)).collect();
    format!("{header}\n\n{}\n", kept.join("\n\n"))
}

/// One `[[package]]`.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    text: &'a str,
    name: &'a str,
    version: &'a str,
    /// `name`, or `name version` where there are several.
    dependencies: Vec<&'a str>,
}

impl<'a> Block<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_end();
        let value = |key: &str| {
            let lines = text.lines();
            let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            values.next()?.strip_suffix('"')
        };
        let dependencies = text.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
        Some(Self {
            text,
            name: value("name")?,
            version: value("version")?,
            dependencies: dependencies.collect(),
        })
    }

    fn is(&self, dependency: &str) -> bool {
        match dependency.split_once(' ') {
            Some((name, version)) => (self.name, self.version) == (name, version),
            None => self.name == dependency,
        }
    }

    /// Without the versions that only told apart what is not here.
    fn written(&self, kept: &[&Block]) -> String {
        let mut text = self.text.to_owned();
        for dependency in &self.dependencies {
            if let Some((name, _)) = dependency.split_once(' ')
                && kept.iter().filter(|block| block.name == name).count() == 1
            {
                text = text.replace(&format!(" \"{dependency}\","), &format!(" \"{name}\","));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_kept() {
        let package = |name: &str, version: &str, dependencies: &[&str]| {
            let mut text = format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"");
            if !dependencies.is_empty() {
                let lines: Vec<_> = dependencies.iter().map(|one| format!(" \"{one}\",")).collect();
                text += &format!("\ndependencies = [\n{}\n]", lines.join("\n"));
            }
            text
        };
        let blocks = [
            "version = 4".to_owned(),
            package("handler", "0.1.0", &["http 1.0.0"]),
            package("http", "0.2.0", &[]),
            package("http", "1.0.0", &["itoa"]),
            package("itoa", "1.0.0", &[]),
            package("stackctl", "0.1.0", &["handler", "http 0.2.0"]),
        ];
        let expected = [
            blocks[0].clone(),
            package("handler", "0.1.0", &["http"]),
            blocks[3].clone(),
            blocks[4].clone(),
        ];
        let lock = of("handler", &format!("{}\n", blocks.join("\n\n")));
        assert_eq!(lock, format!("{}\n", expected.join("\n\n")));
    }
}
