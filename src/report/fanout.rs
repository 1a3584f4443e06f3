//! One event to every sink: the journal first, then the live table, then the screen.

use crate::event::{Event, Settle, Sink, SinkError};

/// Sinks in the order in which they are told.
#[derive(Default)]
pub struct Fanout {
    vital: Vec<Box<dyn Sink>>,
    best_effort: Vec<Box<dyn Sink>>,
}

impl Fanout {
    /// Without this one the run cannot go on.
    #[must_use]
    pub fn vital(mut self, sink: impl Sink + 'static) -> Self {
        self.vital.push(Box::new(sink));
        self
    }

    /// This one is dropped at its first error.
    #[must_use]
    pub fn best_effort(mut self, sink: impl Sink + 'static) -> Self {
        self.best_effort.push(Box::new(sink));
        self
    }

    /// Tells every sink, whatever an earlier one says; the first error of a vital one counts.
    fn each(
        &mut self,
        mut tell: impl FnMut(&mut dyn Sink) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        let mut told = Ok(());
        for sink in &mut self.vital {
            told = told.and(tell(sink.as_mut()));
        }
        self.best_effort.retain_mut(|sink| tell(sink.as_mut()).is_ok());
        told
    }
}

impl Sink for Fanout {
    fn event(&mut self, event: &Event) -> Result<(), SinkError> {
        self.each(|sink| sink.event(event))
    }

    fn settle(&mut self, settle: Settle, elapsed_ns: u64) -> Result<(), SinkError> {
        self.each(|sink| sink.settle(settle, elapsed_ns))
    }
}
