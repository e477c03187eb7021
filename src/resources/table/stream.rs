//! The stream of a table's changes, which starts a function. A stream that the file does not say is left: somebody else may
//! read it.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType, TableDescription};

use super::{LiveTable, Table};
use engine::error::Result;
use engine::{Difference, Progress};

/// What differs.
pub(super) fn diff(table: &Table, live: &LiveTable) -> Option<Difference> {
    (table.streamed && live.stream.is_none())
        .then(|| Difference::new("stream", "none", "new and old images"))
}

/// What a table is made with.
pub(super) fn wanted(table: &Table) -> Option<StreamSpecification> {
    let specification = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages);
    table.streamed.then(|| specification.build().expect("its only field is set"))
}

impl Table {
    pub(super) async fn add_stream(&self, progress: &Progress) -> Result<TableDescription> {
        self.change(progress, |call| call.set_stream_specification(wanted(self))).await
    }
}
