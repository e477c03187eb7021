//! What a stack may have though its file says nothing of it, and commands look for all the same.

use crate::cloud::Cloud;
use crate::config::Config;
use crate::resources::{AccessControl, EdgeFunction, Secret, SiteBucket};
use engine::Graph;

/// By names that hold for each of it; to be spoken of, and never read or changed.
pub fn unsaid(cloud: &Cloud, config: &Config) -> Graph {
    let mut graph = Graph::default();
    graph.add(Secret::new(cloud, config, "*"));
    let mut config = config.clone();
    // A name that no site could have is the name of none.
    if config.add_site().is_ok()
        && let Some(site) = &config.site
    {
        graph.add(SiteBucket::new(cloud, &config, site));
        graph.add(AccessControl::new(cloud, &config, site));
        graph.add(EdgeFunction::new(cloud, &config, site));
    }
    graph
}
