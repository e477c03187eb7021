//! The lines of a program that say something of keys, from what its interpretation found.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Evidence, Expiry, KeyUse, Kind, Said};
use crate::interp::Findings;
use crate::report::Place;
use crate::strings::Texts;

/// What people call the attribute at which an item expires.
const EXPIRIES: [&str; 8] =
    ["ttl", "TTL", "_ttl", "expiresAt", "expires_at", "expireAt", "expire_at", "expiration"];

/// What the requests of a program say of keys, and of when items expire.
pub struct Gathered<'a> {
    pub findings: &'a Findings,
    pub files: &'a [String],
    pub keys: BTreeSet<KeyUse>,
    pub expiries: BTreeSet<Expiry>,
}

/// Where something is said.
struct Spot {
    table: Place,
    index: Option<Place>,
    file: usize,
    site: String,
}

impl<'a> Gathered<'a> {
    pub fn of(findings: &'a Findings, files: &'a [String]) -> Self {
        let (keys, expiries) = (BTreeSet::new(), BTreeSet::new());
        let mut gathered = Self { findings, files, keys, expiries };
        let begun = findings.begun.values().filter(|one| !findings.sent_sites.contains(&one.site));
        for request in findings.sent.iter().chain(begun) {
            gathered.add(
                request.table.as_ref(),
                request.index.as_ref(),
                &request.said,
                request.site,
            );
        }
        for member in &findings.members {
            gathered.add(member.table.as_ref(), None, &member.said, member.site);
        }
        gathered
    }

    fn add(
        &mut self,
        table: Option<&Rc<Texts>>,
        index: Option<&Rc<Texts>>,
        said: &Said,
        (file, line): (usize, usize),
    ) {
        let Some(name) = self.files.get(file) else { return };
        let site = format!("{name}:{line}");
        let indexes: Vec<Option<Place>> = match index {
            Some(texts) => places(texts).map(Some).collect(),
            None => vec![None],
        };
        for table in table.into_iter().flat_map(|texts| places(texts)) {
            for index in &indexes {
                let (table, site) = (table.clone(), site.clone());
                self.say(&Spot { table, index: index.clone(), file, site }, said);
            }
        }
    }

    fn say(&mut self, spot: &Spot, said: &Said) {
        let typed = |name: &String| (name.clone(), self.findings.kind(spot.file, name));
        let own: [(Evidence, Vec<_>); 3] = [
            (Evidence::Schema, said.schema.iter().map(typed).collect()),
            (Evidence::Key, said.key.iter().map(typed).collect()),
            (Evidence::Item, said.item.iter().map(typed).collect()),
        ];
        let conditions = said.conditions.iter();
        let conditions = conditions.map(|text| self.findings.condition(spot.file, text));
        let conditions: Vec<_> = conditions.map(|found| (Evidence::Condition, found)).collect();
        let checks = said.checks.iter().map(|text| self.findings.checked(spot.file, text));
        let checks: Vec<_> = checks.map(|found| (Evidence::Check, found)).collect();
        let all = own.into_iter().chain(conditions).chain(checks);
        for (evidence, attributes) in all.filter(|(_, attributes)| !attributes.is_empty()) {
            // Keys, items and checks are those of the table, whichever index a request names.
            let index = spot.index.clone().filter(|_| evidence == Evidence::Condition);
            let (table, site) = (spot.table.clone(), spot.site.clone());
            self.keys.insert(KeyUse { table, index, evidence, attributes, site });
        }
        self.expires(spot, said);
    }

    fn expires(&mut self, spot: &Spot, said: &Said) {
        let looks = |name: &&String| {
            EXPIRIES.contains(&name.as_str())
                && self.findings.kind(spot.file, name) == Some(Kind::N)
        };
        let looking = said.item.iter().find(looks).map(|name| (name, false));
        if let Some((attribute, is_set)) = said.expiry.as_ref().map(|name| (name, true)).or(looking)
        {
            self.expiries.insert(Expiry {
                table: spot.table.clone(),
                attribute: attribute.clone(),
                is_set,
                site: spot.site.clone(),
            });
        }
    }
}

fn places(texts: &Texts) -> impl Iterator<Item = Place> {
    texts.0.iter().map(Place::of)
}
