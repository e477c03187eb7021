//! What a resource asks of the cloud, declared beside where it asks: what a deployer may be allowed to do follows from it.

use super::{Graph, Id};

/// The operations of one resource, each as `service:Operation`. One that concerns less, or more, than everything of its type
/// in the stack says so behind a slash: `service:Operation/type`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    reading: Vec<&'static str>,
    making: Vec<&'static str>,
    deleting: Vec<&'static str>,
}

impl Calls {
    /// Those of `read`, which every other step may make, too.
    #[must_use]
    pub fn reading(mut self, operations: &[&'static str]) -> Self {
        self.reading.extend(operations);
        self
    }

    /// Those of `create` and `update`.
    #[must_use]
    pub fn making(mut self, operations: &[&'static str]) -> Self {
        self.making.extend(operations);
        self
    }

    /// Those of `delete`.
    #[must_use]
    pub fn deleting(mut self, operations: &[&'static str]) -> Self {
        self.deleting.extend(operations);
        self
    }
}

impl Graph {
    /// What it takes to read these.
    pub fn reading(&self, ids: &[Id]) -> Vec<&'static str> {
        ids.iter().flat_map(|id| self.node(*id).calls().reading).collect()
    }

    /// What it takes to read these, and to make or change them.
    pub fn making(&self, ids: &[Id]) -> Vec<&'static str> {
        let making = ids.iter().flat_map(|id| self.node(*id).calls().making);
        self.reading(ids).into_iter().chain(making).collect()
    }

    /// What it takes to read these, and to delete them.
    pub fn deleting(&self, ids: &[Id]) -> Vec<&'static str> {
        let deleting = ids.iter().flat_map(|id| self.node(*id).calls().deleting);
        self.reading(ids).into_iter().chain(deleting).collect()
    }
}
