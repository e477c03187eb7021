use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, together};
use crate::resources::fixture::{
    config, done, drift, iam, is_absent, meets_another, no_such_entity, there,
};
use crate::resources::policy::LivePolicy;
use engine::Graph;
use iam::document::Document;

const OURS: &str = "arn:aws:iam::123456789012:policy/Data";
const LOGS: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

/// The permissions with what they need to know of the policy.
fn attachments(replay: &Replay) -> (Attachments, Inputs) {
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let role = graph.add(Role::new(&cloud, &config));
    let policy = graph.add(Policy::new(&cloud, &config, "Data", |_| Document::allow_table([], [])));
    let managed = Some("service-role/AWSLambdaBasicExecutionRole");
    let attachments =
        Attachments::new(&cloud, &config, role, vec![policy], managed, Arc::default());
    (attachments, Inputs::default().with(policy, LivePolicy::at(OURS)))
}

fn attached(arns: &[&str], marker: Option<&str>) -> Exchange {
    let members: Vec<String> =
        arns.iter().map(|arn| format!("<member><PolicyArn>{arn}</PolicyArn></member>")).collect();
    let list = format!("<AttachedPolicies>{}</AttachedPolicies>{}", members.concat(), end(marker));
    ok("Action=ListAttachedRolePolicies", iam("ListAttachedRolePolicies", &list))
}

fn inline(names: &[&str], marker: Option<&str>) -> Exchange {
    let members: Vec<String> =
        names.iter().map(|name| format!("<member>{name}</member>")).collect();
    let list = format!("<PolicyNames>{}</PolicyNames>{}", members.concat(), end(marker));
    ok("Action=ListRolePolicies", iam("ListRolePolicies", &list))
}

fn end(marker: Option<&str>) -> String {
    let text = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    format!("<IsTruncated>{}</IsTruncated>{text}", marker.is_some())
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = Replay::new([together([
        no_such_entity("ListAttachedRolePolicies"),
        no_such_entity("ListRolePolicies"),
    ])]);
    is_absent(&attachments(&replay).0).await;
}

#[tokio::test(start_paused = true)]
async fn what_iam_does_not_know_yet_is_attached_when_it_does_and_then_nothing_differs() {
    let replay = Replay::new([
        no_such_entity("AttachRolePolicy"),
        meets_another("AttachRolePolicy"),
        done("AttachRolePolicy"),
        done("AttachRolePolicy"),
        together([attached(&[LOGS], Some("more")), attached(&[OURS], None), inline(&[], None)]),
    ]);
    let (attachments, inputs) = attachments(&replay);
    attachments.create(&inputs, &Progress::silent()).await.expect("attached");
    let live = there(&attachments).await;
    assert!(drift(&attachments, &inputs, &live).is_empty());
    assert!(replay.sent().iter().any(|call| call.contains("Marker=more")));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_attached_before_what_is_too_much_goes() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let replay = Replay::new([
        together([
            attached(&[admin, LOGS], None),
            inline(&["mine"], Some("more")),
            inline(&["yours"], None),
        ]),
        done("AttachRolePolicy"),
        no_such_entity("DetachRolePolicy"),
        meets_another("DeleteRolePolicy"),
        done("DeleteRolePolicy"),
        done("DeleteRolePolicy"),
        done("TagRole"),
    ]);
    let (attachments, inputs) = attachments(&replay);
    let live = there(&attachments).await;
    assert_eq!(
        drift(&attachments, &inputs, &live),
        [
            format!("{OURS}: not attached → attached"),
            format!("{admin}: attached → not attached"),
            "inline policy mine: there → none".into(),
            "inline policy yours: there → none".into(),
        ]
    );
    let progress = Progress::silent();
    let now = attachments.update(&inputs, &live, &progress).await.expect("attached");
    attachments.finish(&inputs, &now, &progress).await.expect("detached");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_full_role_makes_room_first() {
    let others: Vec<String> =
        (0..10).map(|number| format!("arn:aws:iam::1:policy/{number}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let mut script = vec![together([attached(&others, None), inline(&[], None)])];
    script.extend(vec![done("DetachRolePolicy"); 2]);
    script.extend(vec![done("AttachRolePolicy"); 2]);
    script.extend(vec![done("DetachRolePolicy"); 8]);
    script.push(done("TagRole"));
    let replay = Replay::new(script);
    let (attachments, inputs) = attachments(&replay);
    let live = there(&attachments).await;
    let progress = Progress::silent();
    let now = attachments.update(&inputs, &live, &progress).await.expect("attached");
    attachments.finish(&inputs, &now, &progress).await.expect("detached");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([
        together([attached(&[OURS], None), inline(&["mine"], None)]),
        no_such_entity("DetachRolePolicy"),
        no_such_entity("DeleteRolePolicy"),
    ]);
    let (attachments, _) = attachments(&replay);
    let live = there(&attachments).await;
    attachments.delete(&live, &Progress::silent()).await.expect("gone already");
    replay.is_over();
}

/// The same where the role remembers what was asked about.
async fn left_alone(marks: &str, keeps: bool, script: Vec<Exchange>) {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let is_known = script.is_empty();
    let mut all = vec![together([attached(&[admin, LOGS, OURS], None), inline(&[], None)])];
    all.extend(script);
    let replay = Replay::new(all);
    let (cloud, config, mut graph) = (replay.cloud(), config(), Graph::default());
    let role = graph.add(Role::new(&cloud, &config));
    let policy = graph.add(Policy::new(&cloud, &config, "Data", |_| Document::allow_table([], [])));
    let managed = Some("service-role/AWSLambdaBasicExecutionRole");
    let keeps = Arc::new(AtomicBool::new(keeps));
    let attachments = Attachments::new(&cloud, &config, role, vec![policy], managed, keeps);
    let inputs = Inputs::default()
        .with(policy, LivePolicy::at(OURS))
        .with(role, LiveRole::remembering(marks));
    let live = there(&attachments).await;
    assert_eq!(drift(&attachments, &inputs, &live).is_empty(), is_known);
    let progress = Progress::silent();
    let now = attachments.update(&inputs, &live, &progress).await.expect("attached");
    attachments.finish(&inputs, &now, &progress).await.expect("finished");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_others_attached_is_removed_once_and_left_alone_when_it_comes_back() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    left_alone("", false, vec![done("DetachRolePolicy"), done("TagRole")]).await;
    left_alone("", true, vec![done("TagRole")]).await;
    left_alone(&format!("00000000 {}", mark(admin)), false, Vec::new()).await;
}
