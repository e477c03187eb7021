//! The tables of a project with their keys, by the best evidence there is.

use std::collections::BTreeMap;

use super::{Evidence, Expiry, KeyUse, Kind};
use crate::report::{Audited, Place};

/// One table that a project uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    pub place: Place,
    /// A line that uses it.
    pub site: String,
    pub partition: Option<FoundKey>,
    pub sort: Option<FoundKey>,
    pub indexes: Vec<FoundIndex>,
    pub expiry: Option<Expiry>,
}

/// One index that is queried or scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIndex {
    pub place: Place,
    pub site: String,
    pub partition: Option<FoundKey>,
    pub sort: Option<FoundKey>,
}

/// The attribute of a key, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    pub attribute: String,
    /// `None` where the code does not show it: most keys are strings.
    pub kind: Option<Kind>,
    pub evidence: Evidence,
    pub site: String,
}

/// The tables that functions call, with the keys that they show.
pub fn tables(functions: &[&Audited]) -> Vec<FoundTable> {
    let mut found: BTreeMap<&Place, FoundTable> = BTreeMap::new();
    let calls = functions.iter().flat_map(|function| &function.calls);
    for (call, place) in calls.filter_map(|call| Some((call, call.table.as_ref()?))) {
        if matches!(place, Place::Unknown(_)) {
            continue;
        }
        let table = found.entry(place).or_insert_with(|| FoundTable {
            place: place.clone(),
            site: call.site.clone(),
            partition: None,
            sort: None,
            indexes: Vec::new(),
            expiry: None,
        });
        if let Some(index @ (Place::Env(_) | Place::Literal(_))) = &call.index
            && !table.indexes.iter().any(|known| known.place == *index)
        {
            table.indexes.push(FoundIndex {
                place: index.clone(),
                site: call.site.clone(),
                partition: None,
                sort: None,
            });
        }
    }
    let uses: Vec<&KeyUse> = functions.iter().flat_map(|function| &function.keys).collect();
    let expiries: Vec<&Expiry> = functions.iter().flat_map(|function| &function.expiries).collect();
    for (place, table) in &mut found {
        let own = |index: Option<&Place>| -> Vec<&KeyUse> {
            let of = uses.iter().filter(|one| one.table == **place && one.index.as_ref() == index);
            of.copied().collect()
        };
        (table.partition, table.sort) = keys(&own(None));
        for index in &mut table.indexes {
            (index.partition, index.sort) = keys(&own(Some(&index.place)));
        }
        let of = expiries.iter().filter(|one| one.table == **place);
        table.expiry = of.max_by_key(|one| one.is_set).map(|one| (*one).clone());
    }
    found.into_values().collect()
}

/// The partition key and the sort key by the best evidence; an item alone tells no sort key.
fn keys(uses: &[&KeyUse]) -> (Option<FoundKey>, Option<FoundKey>) {
    let mut sorted: Vec<&KeyUse> = uses.to_vec();
    sorted.sort_by_key(|one| (one.evidence, std::cmp::Reverse(one.attributes.len()), &one.site));
    let whole = sorted.iter().find(|one| one.evidence == Evidence::Key);
    let Some(mut best) = sorted.first() else { return (None, None) };
    // A condition on another attribute than those of a whole key is one on an index that is not seen.
    if let (Some(whole), Some((partition, _))) = (whole, best.attributes.first())
        && best.evidence == Evidence::Condition
        && !whole.attributes.iter().any(|(name, _)| name == partition)
    {
        best = whole;
    }
    let key = |attribute: Option<&(String, Option<Kind>)>| {
        let (attribute, kind) = attribute?;
        let kind = kind.or_else(|| kind_elsewhere(attribute, &sorted));
        let (evidence, site) = (best.evidence, best.site.clone());
        Some(FoundKey { attribute: attribute.clone(), kind, evidence, site })
    };
    match best.evidence {
        Evidence::Item => {
            let (partition, sort) = likely(&best.attributes);
            return (key(partition), key(sort));
        }
        // What else must or must not be there is no key.
        Evidence::Check => return (key(best.attributes.first()), None),
        Evidence::Schema | Evidence::Condition | Evidence::Key => {}
    }
    let partition = key(best.attributes.first());
    // A query may leave the sort key out; a whole key does not.
    let sort = key(best.attributes.get(1)).or_else(|| {
        let name = partition.as_ref().map(|key| key.attribute.as_str());
        let (attribute, kind) =
            whole?.attributes.iter().find(|(attribute, _)| Some(attribute.as_str()) != name)?;
        Some(FoundKey {
            attribute: attribute.clone(),
            kind: kind.or_else(|| kind_elsewhere(attribute, &sorted)),
            evidence: Evidence::Key,
            site: whole?.site.clone(),
        })
    });
    (partition, sort)
}

type Attribute = (String, Option<Kind>);

/// Of the attributes of an item, those with names that keys have, else the first that is written.
fn likely(attributes: &[Attribute]) -> (Option<&Attribute>, Option<&Attribute>) {
    const PAIRS: [(&str, &str); 4] =
        [("pk", "sk"), ("partitionkey", "sortkey"), ("hashkey", "rangekey"), ("hash", "range")];
    let plain = |name: &str| name.replace(['_', '-', '#'], "").to_lowercase();
    let named = |wanted: &str| attributes.iter().find(|(name, _)| plain(name) == wanted);
    let both = PAIRS.iter().find_map(|(partition, sort)| Some((named(partition)?, named(sort)?)));
    if let Some((partition, sort)) = both {
        return (Some(partition), Some(sort));
    }
    (named("pk").or_else(|| named("id")).or(attributes.first()), None)
}

fn kind_elsewhere(attribute: &str, uses: &[&KeyUse]) -> Option<Kind> {
    let all = uses.iter().flat_map(|one| &one.attributes);
    all.filter(|(name, _)| name == attribute).find_map(|(_, kind)| *kind)
}
