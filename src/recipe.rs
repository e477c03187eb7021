//! How the function that a configuration is about is built.

use crate::config::Config;
use package::{Profile, Recipe};

/// What ships: the folder, the binary and the machine are those of `stack.toml`.
pub fn recipe(config: &Config) -> Recipe {
    let function = config.function();
    Recipe {
        root: config.root.clone(),
        crate_directory: config.root.join(&function.settings.crate_directory),
        binary: Some(function.settings.bin.clone()).filter(|name| !name.is_empty()),
        function: function.key.clone(),
        architecture: function.settings.architecture,
        profile: Profile::default(),
    }
}
