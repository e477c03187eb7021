//! The conditions under which what could widen permissions is enough for a resource.

use engine::Limit;

/// A policy may be attached to a role of the stack.
pub fn attaching(policy: String) -> Limit {
    Limit {
        action: "iam:AttachRolePolicy",
        operator: "ArnLike",
        key: "iam:PolicyARN",
        values: vec![policy],
    }
}

/// A role of the stack may be handed to this service.
pub fn passing_role_to(service: &str) -> Limit {
    equals("iam:PassRole", "iam:PassedToService", Some(service))
}

/// This service may be let invoke a function.
pub fn letting_in(service: &str) -> Limit {
    equals("lambda:AddPermission", "lambda:Principal", Some(service))
}

/// A role is made with this boundary; without one, no role has to have one to be made.
pub fn bounded_by(boundary: Option<&str>) -> Vec<Limit> {
    let making = equals("iam:CreateRole", "iam:PermissionsBoundary", boundary);
    let action = "iam:PutRolePermissionsBoundary";
    let bounding = boundary.map(|_| Limit { action, ..making.clone() });
    std::iter::once(making).chain(bounding).collect()
}

/// A certificate may be requested for these names alone.
pub fn requesting(names: &[String]) -> Limit {
    Limit {
        action: "acm:RequestCertificate",
        operator: "ForAllValues:StringEquals",
        key: "acm:DomainNames",
        values: names.to_vec(),
    }
}

/// Records may be changed that have these names, or that prove to ACM whose the names are.
pub fn changing_records_of(names: &[String]) -> Vec<Limit> {
    let action = "route53:ChangeResourceRecordSets";
    let names = names.iter().flat_map(|name| [name.clone(), format!("_*.{name}")]).collect();
    let of_names = Limit {
        action,
        operator: "ForAllValues:StringLike",
        key: "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        values: names,
    };
    let of_kinds = Limit {
        action,
        operator: "ForAllValues:StringEquals",
        key: "route53:ChangeResourceRecordSetsRecordTypes",
        values: ["A", "AAAA", "CNAME"].map(str::to_owned).to_vec(),
    };
    vec![of_names, of_kinds]
}

fn equals(action: &'static str, key: &'static str, value: Option<&str>) -> Limit {
    let values = value.map(str::to_owned).into_iter().collect();
    Limit { action, operator: "StringEquals", key, values }
}
