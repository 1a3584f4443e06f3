//! The only integration binary. One module a subject.

mod children;
mod claims; // children of a launcher
mod support; // a sandbox and the binary run in it

mod across;
mod adaptive; // repeats that are chosen as the run goes
mod again;
mod assertions;
mod cli; // verbs, arguments, exit codes
mod combination; // zips, rules, conditions, derived parameters, identity
mod counters;
mod deaths; // runners that are killed, journals that are cut, and what resuming makes of them
mod designs;
mod dispatcher; // properties of the pure dispatcher
mod doc_examples;
mod documents; // every column and key that files have is documented, and the reverse
mod examples; // the shipped experiments
mod extend; // cells and repeats are added to a run
mod faults; // commands that misbehave, through the binary
mod golden; // every directory of tests/golden/plans
mod hooks; // what is run around runs, cells and trials
mod inline; // kernels in this process and in fresh ones
mod journal; // what is written is read back; cut at every byte
mod layering; // files, profiles and --set over one another
mod layers; // the architecture test
mod limits;
mod metrics;
mod package;
mod pinning; // where trials run, and with whom
mod plan; // what is shown before the start, and starting exactly that
mod process; // real children that misbehave
mod protocols;
mod quick;
mod reading;
mod records; // runs that are there: listed, copied, packed
mod refusals; // bad input: what is refused before anything starts, disks that fail
mod report; // pages, formats, notes, how to cite
mod resume; // a run is carried on: which trials, under which conditions
mod revisions;
mod sandbox;
mod scaling; // series over the workers
mod schema;
mod signals; // signals and deaths while a run is at work
mod skip_larger; // larger levels are not started after a timeout
mod spec; // experiment files: what is read, what is refused and in which words
mod strategies; // regions on threads and processes
mod surroundings; // limits, folders and processes that go away
mod sweeps; // levels from files, labels
mod tables; // results read back
mod terminal;
mod verify; // the screen of a real pseudo-terminal
