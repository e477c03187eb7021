//! What is one value or another: branches that meet, elements of one collection.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Closure, Either, Record, Request, Value, share};

/// Alternatives beyond this are merged.
const MOST: usize = 10;
/// From this many alternatives on, records of one type become one.
const MANY: usize = 8;
/// Records nested deeper are not told apart.
const NESTED: u16 = 6;
/// Collections and tuples nested deeper are not told apart.
const DEEPEST: u16 = 5;

impl Value<'_> {
    /// What is either of the two.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unit | Self::Foreign(_), other) if other.matters() => other,
            (one, Self::Unit | Self::Foreign(_)) if one.matters() => one,
            (Self::Unit, other) => other,
            (one, Self::Unit) => one,
            (Self::Unknown, Self::Foreign(_)) | (Self::Foreign(_), Self::Unknown) => Self::Unknown,
            (one, other) if one.hash() == other.hash() => one,
            (one, other) => match one.joined(&other) {
                Some(joined) => joined,
                None => one.beside(&other),
            },
        }
    }

    /// Both in one, where they are of one shape.
    fn joined(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Text(one), Self::Text(other)) => Self::text(one.or(other)),
            (Self::Many(one), Self::Many(other)) => {
                Self::many((***one).clone().or((***other).clone()))
            }
            (Self::Map(one), Self::Map(other)) => {
                Self::map(one.0.clone().or(other.0.clone()), one.1.clone().or(other.1.clone()))
            }
            (Self::Tuple(one), Self::Tuple(other)) if one.len() == other.len() => {
                let both = one.iter().zip(other.iter());
                Self::tuple(both.map(|(one, other)| one.clone().or(other.clone())).collect())
            }
            (Self::Router(one), Self::Router(other)) => {
                Self::Router(Rc::new(one.union(other).cloned().collect()))
            }
            (Self::Methods(one), Self::Methods(other)) => {
                Self::Methods(Rc::new(one.union(other).cloned().collect()))
            }
            (Self::Request(one), Self::Request(other)) if same_request(one, other) => {
                Self::Request(Rc::new(one.or(other)))
            }
            _ => return None,
        })
    }

    fn beside(self, other: &Self) -> Self {
        let mut all = self.alternatives();
        for one in other.alternatives() {
            let hash = one.hash();
            if all.iter().any(|known| known.hash() == hash) {
                continue;
            }
            let joined = all
                .iter()
                .enumerate()
                .find_map(|(at, known)| known.joined(&one).map(|joined| (at, joined)));
            match joined {
                Some((at, joined)) => all[at] = joined,
                None => all.push(one),
            }
        }
        if all.len() > MOST {
            all = merged(all);
        }
        match all.len() {
            1 => all.remove(0),
            _ => Self::OneOf(share(Either(all))),
        }
    }

    /// Whether it has so many alternatives that records of one type count as one.
    pub fn is_of_many(&self) -> bool {
        matches!(self, Self::OneOf(all) if all.len() >= MANY)
    }

    /// With one record for each type and variant.
    pub fn merged(self) -> Self {
        let mut all = merged(self.alternatives());
        match all.len() {
            1 => all.remove(0),
            _ => Self::OneOf(share(Either(all))),
        }
    }

    /// As a part of something: where that would be too deep, all that it holds side by side.
    pub fn held(self) -> Self {
        if self.digest().parts < DEEPEST {
            return self;
        }
        let mut seen = HashSet::new();
        let mut all = Self::Unit;
        let mut waiting = vec![self];
        while let Some(one) = waiting.pop() {
            if !seen.insert(one.hash()) {
                continue;
            }
            match one {
                Self::Many(inner) => waiting.push((**inner).clone()),
                Self::Map(pair) => waiting.extend([pair.0.clone(), pair.1.clone()]),
                Self::Tuple(parts) => waiting.extend(parts.iter().cloned()),
                Self::OneOf(parts) => waiting.extend(parts.iter().cloned()),
                leaf => all = all.or(leaf),
            }
        }
        all
    }

    /// Without what is nested too deeply to matter: such a record has what its type says.
    pub fn shallow(self) -> Self {
        let digest = self.digest();
        if digest.records <= NESTED {
            return self;
        }
        match self {
            Self::Record(record) => Self::Record(share(Record {
                definition: record.definition,
                variant: record.variant,
                arguments: record.arguments.clone(),
                fields: std::collections::BTreeMap::new(),
            })),
            Self::Many(inner) => Self::many((**inner).clone().shallow()),
            Self::Map(pair) => Self::map(pair.0.clone().shallow(), pair.1.clone().shallow()),
            Self::Tuple(all) => Self::tuple(all.iter().cloned().map(Self::shallow).collect()),
            Self::OneOf(all) => {
                all.iter().cloned().map(Self::shallow).reduce(Self::or).unwrap_or(Self::Unit)
            }
            other => other,
        }
    }
}

fn same_request(one: &Request, other: &Request) -> bool {
    one.site == other.site && one.kind == other.kind && one.service == other.service
}

/// Records of one type, and calls of one closure, become one that has what either had.
fn merged(all: Vec<Value<'_>>) -> Vec<Value<'_>> {
    let mut out: Vec<Value<'_>> = Vec::new();
    for one in all {
        let same = out.iter_mut().find_map(|known| {
            let both = both(known, &one)?;
            Some((known, both))
        });
        match same {
            Some((known, both)) => *known = both,
            None => out.push(one),
        }
    }
    out
}

fn both<'a>(known: &Value<'a>, more: &Value<'a>) -> Option<Value<'a>> {
    match (known, more) {
        (Value::Record(known), Value::Record(more))
            if known.definition == more.definition && known.variant == more.variant =>
        {
            let mut record = Record::clone(known);
            for (name, value) in &more.fields {
                let known = record.fields.remove(name).unwrap_or(Value::Unit);
                record.fields.insert(name.clone(), known.or(value.clone()).shallow());
            }
            if record.arguments != more.arguments {
                record.arguments = Vec::new();
            }
            Some(Value::Record(share(record)))
        }
        (Value::Closure(known), Value::Closure(more))
            if std::ptr::eq(known.node, more.node) && known.scope.bound == more.scope.bound =>
        {
            let mut captured = known.captured.clone();
            for (name, value) in &more.captured {
                let known = captured.remove(name).unwrap_or(Value::Unit);
                captured.insert(name.clone(), known.or(value.clone()).shallow());
            }
            Some(Value::Closure(share(Closure {
                node: known.node,
                captured,
                scope: known.scope.clone(),
                file: known.file,
                function: known.function,
            })))
        }
        _ => None,
    }
}
