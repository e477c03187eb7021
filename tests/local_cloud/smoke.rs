//! From nothing to an answer and back.

use crate::support::{Cloud, Project, request};

#[test]
fn up_answers_and_teardown_leaves_nothing() {
    let (cloud, project) = (Cloud::shared(), Project::new("smoke"));
    let up = cloud
        .stackctl(project.folder(), &["up", "--local", "--yes", "--output", "json"])
        .succeeded()
        .json();
    let url = up["api_url"].as_str().expect("the address of the API");
    let created = request("POST", &format!("{url}/?userId=u1"), &[], r#"{"title":"first"}"#);
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("x-function-version"), ["1"]);
    cloud.stackctl(project.folder(), &["teardown", "--local", "--yes"]).succeeded();
}
