//! `trials.csv` while the run goes on: one row per attempt as it ends, for watching.
//!
//! The final file is projected from the journal and replaces this one.

use super::csv::TrialTable;
use super::journal::{Batch, Durable};
use crate::event::{Event, EventKind, Settle, Sink, SinkError};

/// The live table as a sink.
pub struct LiveTable<W> {
    table: TrialTable,
    batch: Batch<W>,
}

impl<W: Durable> LiveTable<W> {
    /// Goes on after the header line and rows that are there already.
    pub fn go_on(file: W, table: TrialTable) -> Self {
        Self { table, batch: Batch::derived("trials.csv", file) }
    }
}

impl<W: Durable> Sink for LiveTable<W> {
    fn event(&mut self, event: &Event) -> Result<(), SinkError> {
        if let EventKind::TrialFinished(observation) | EventKind::AttemptFailed(observation) =
            &event.kind
        {
            self.table.row(observation, None, self.batch.buffer());
        }
        Ok(())
    }

    fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError> {
        self.batch.settle(settle, elapsed_ns)
    }
}
