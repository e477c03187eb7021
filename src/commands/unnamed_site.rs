//! A site that the file does not name: the file is gone, or says of none any more.

use super::App;
use super::sources::built;
use crate::cloud::{Cloud, sites};
use crate::config::Config;
use crate::stack::Stack;
use engine::{Events, Id, Reading, read};

/// What finds it.
pub const CALLS: &[&str] = &[
    "s3:GetBucketTagging",
    "s3:GetPublicAccessBlock",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:DescribeFunction",
    "cloudfront:GetFunction",
];

/// Whether there is a site of the stack though the file says of none. Most stacks have none, and most deployers of such a
/// stack may not look for one: that keeps nothing else from being deleted.
pub async fn is_there(app: &App, config: &Config, cloud: &Cloud, events: &Events) -> bool {
    let mut with_site = config.clone();
    let could_be = config.site.is_none() && sites::check_partition(cloud).is_ok();
    if !could_be || with_site.add_site().is_err() {
        return false;
    }
    let stack = Stack::located(cloud, &with_site, built);
    let Some(parts) = stack.site else { return false };
    let events = events.unheard();
    let one = async |id: Id| (id, read(&stack.graph, &[id], &events).await);
    // The last of these goes after the distribution.
    let (bucket, control, function) =
        tokio::join!(one(parts.bucket.id), one(parts.access_control.id), one(parts.function.id));
    let mut looks = [bucket, control, function].into_iter();
    let is_ours = |id, reading: &Reading| reading.is_ours(&stack.graph, id);
    if looks.clone().any(|(id, look)| look.is_ok_and(|reading| is_ours(id, &reading))) {
        return true;
    }
    if let Some(error) = looks.find_map(|(_, look)| look.err()) {
        app.ui.say(&format!("not looked for: a site of the stack ({error})"));
    }
    false
}
