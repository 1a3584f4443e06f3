//! `runner doctor`: what this machine does to measurements.

use std::io::{self, Write};

use super::args::DoctorArgs;
use super::term::Term;
use super::{report, to_stdout};
use crate::host::Fact;
use crate::host::audit::Weight;
use crate::session::Error;
use crate::session::doctor::{Report, examine};

/// Looks at the machine and prints what matters; the exit code.
pub(super) fn doctor(args: &DoctorArgs, term: Term) -> u8 {
    let env: Vec<_> = std::env::vars_os().collect();
    let printed = examine(&env).map_err(Error::System).and_then(|found| {
        to_stdout(|out| if args.json { json(&found, out) } else { text(&found, out) })
            .map_err(Error::Output)
    });
    printed.map_or_else(|error| report(&error, term), |()| 0)
}

fn json(found: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, found)?;
    writeln!(out)
}

fn text(found: &Report, out: &mut dyn Write) -> io::Result<()> {
    let model = found.machine.cpu.model.known().map_or("a processor without a name", |name| name);
    let cpus = found.machine.limits.usable_cpus();
    let kernel = found.machine.platform.kernel_release.known().map_or("", |release| release);
    writeln!(out, "{model} · {cpus} CPUs to use · Linux {kernel}\n")?;
    for finding in &found.findings {
        match finding.weight {
            Weight::Good | Weight::Unknown => {
                writeln!(out, "{} {}", finding.weight.sign(), line(finding.about, &finding.found))?;
            }
            Weight::Warning | Weight::Note => {
                writeln!(out, "{} {}", finding.weight.sign(), finding.found)?;
                writeln!(out, "    {}", finding.effect)?;
                writeln!(out, "    → {}", finding.advice)?;
            }
        }
    }
    writeln!(out)?;
    match &found.empty_trial_ns {
        Fact::Known(ns) => writeln!(
            out,
            "An empty trial (`true`) takes {:.0} µs from spawn to reap: no command takes less.",
            *ns as f64 / 1e3
        )?,
        Fact::Unknown(reason) => writeln!(out, "An empty trial was not timed: {reason}.")?,
    }
    writeln!(out, "A look at the clock takes {} ns.", found.clock_read_ns)?;
    let matters = |weight| found.findings.iter().filter(|f| f.weight == weight).count();
    let (warnings, notes) = (matters(Weight::Warning), matters(Weight::Note));
    writeln!(
        out,
        "{warnings} to change before measuring (!), {notes} to know (·). Nothing was changed."
    )
}

/// What is good, or not known, in one line.
fn line(about: &str, found: &str) -> String {
    match found.strip_prefix("not known: ") {
        Some(reason) => format!("{}: {reason}", about.replace('_', " ")),
        None => found.to_owned(),
    }
}
