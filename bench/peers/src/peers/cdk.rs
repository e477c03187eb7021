//! AWS CDK v2 with an app in JavaScript, synthesized by each command as its users do. It deploys with the credentials
//! that it is given: the emulator does not grant what the bootstrap's roles ask for.

use super::{NOWHERE, PLAIN, Peer, Verb, Words};
use crate::tools::Package;

const PACKAGES: &[Package] =
    &[Package::Npm(&["aws-cdk@2.1148.1", "aws-cdk-lib@2.276.0", "constructs@10.8.1"])];
const BOOTSTRAP: Words = &["cdk", "bootstrap", "aws://123456789012/us-east-1"];
const DEPLOY: Words = &["cdk", "deploy", "--require-approval", "never"];
const HOT: Words = &["cdk", "deploy", "--require-approval", "never", "--hotswap"];
const ENVIRONMENT: &[(&str, &str)] = &[
    ("CDK_DISABLE_CLI_TELEMETRY", "1"),
    ("NODE_NO_WARNINGS", "1"),
    NOWHERE[0],
    NOWHERE[1],
    NOWHERE[2],
];

pub const PEER: Peer = Peer {
    key: "cdk",
    name: "AWS CDK 2.1148.1",
    project: "cdk",
    packages: PACKAGES,
    prepare: &[BOOTSTRAP],
    verbs: &[
        (Verb::Up, DEPLOY),
        (Verb::Again, DEPLOY),
        (Verb::Changed, DEPLOY),
        (Verb::Unchanged, DEPLOY),
        (Verb::Teardown, &["cdk", "destroy", "--force"]),
    ],
    environment: ENVIRONMENT,
    note: "synthesizes first; `cdk bootstrap` is not counted",
    ..PLAIN
};

pub const HOTSWAP: Peer = Peer {
    key: "hotswap",
    name: "AWS CDK --hotswap",
    prepare: &[BOOTSTRAP, DEPLOY],
    verbs: &[(Verb::Changed, HOT), (Verb::Unchanged, HOT)],
    note: "for development only, says its help",
    ..PEER
};
