//! SAM CLI. Its own HTTP API is a template that the emulator does not import, so the API is written out as resources.

use super::{NOWHERE, PLAIN, Peer, Verb};
use crate::tools::Package;

const UP: &[&str] = &[
    "sam",
    "deploy",
    "--template-file",
    "template.yaml",
    "--stack-name",
    "bench-app",
    "--s3-bucket",
    "bench-code",
    "--capabilities",
    "CAPABILITY_IAM",
    "--no-confirm-changeset",
    "--no-fail-on-empty-changeset",
];
const SYNC: &[&str] = &[
    "sam",
    "sync",
    "--code",
    "--no-watch",
    "--template-file",
    "template.yaml",
    "--stack-name",
    "bench-app",
    "--s3-bucket",
    "bench-code",
];
const DELETE: &[&str] =
    &["sam", "delete", "--stack-name", "bench-app", "--no-prompts", "--s3-bucket", "bench-code"];

pub const PEER: Peer = Peer {
    key: "sam",
    name: "SAM CLI 1.170.0",
    project: "sam",
    packages: &[Package::Pip("aws-sam-cli==1.170.0")],
    verbs: &[
        (Verb::Up, UP),
        (Verb::Again, UP),
        (Verb::Changed, SYNC),
        (Verb::Unchanged, SYNC),
        (Verb::Teardown, DELETE),
    ],
    stdin: "y\n",
    environment: &[("SAM_CLI_TELEMETRY", "0"), NOWHERE[0], NOWHERE[1], NOWHERE[2]],
    note: "code only is `sam sync --code`",
    ..PLAIN
};
