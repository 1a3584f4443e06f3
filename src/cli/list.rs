//! `runner list`: kernels and strategies, each with a block that can be pasted into a file.

use std::io::{self, Write};

use serde_json::json;

use super::args::{ListArgs, ListFormat, Listed};
use crate::design::{Catalogue, ParameterSignature, ValueKind};
use crate::strategy;

/// Prints the lists.
pub fn list(args: &ListArgs, out: &mut dyn Write) -> io::Result<()> {
    let catalogue = strategy::catalogue();
    let kernels = args.what != Some(Listed::Strategies);
    let strategies = args.what != Some(Listed::Kernels);
    match args.format {
        ListFormat::Text | ListFormat::Csv => text(&catalogue, (kernels, strategies), out),
        ListFormat::Json => json_list(&catalogue, (kernels, strategies), out),
    }
}

fn text(catalogue: &Catalogue, show: (bool, bool), out: &mut dyn Write) -> io::Result<()> {
    if show.0 {
        writeln!(out, "# Kernels: `[workloads.NAME]` with `kind = \"…\"` or that name")?;
        for kernel in &catalogue.kernels {
            writeln!(out, "\n## {}: {}", kernel.name, kernel.about)?;
            for parameter in kernel.parameters {
                writeln!(out, "#  {}", describe(parameter))?;
            }
            writeln!(out, "\n{}", kernel.example.trim_end())?;
        }
    }
    if show.0 && show.1 {
        writeln!(out)?;
    }
    if show.1 {
        writeln!(out, "# Strategies: `[strategies]`, NAME = \"kind\" or a table with `kind`")?;
        for strategy in &catalogue.strategies {
            writeln!(out, "\n## {}: {}", strategy.name, strategy.about)?;
            writeln!(out, "\n{}", strategy.example.trim_end())?;
        }
    }
    Ok(())
}

fn describe(parameter: &ParameterSignature) -> String {
    let need = if parameter.required {
        "required".to_owned()
    } else {
        format!("default {}", parameter.default)
    };
    format!("{} ({}; {need}): {}", parameter.name, kind(parameter.kind), parameter.about)
}

fn kind(kind: ValueKind) -> String {
    match kind {
        ValueKind::Integer { min } => format!("integer of at least {min}"),
        ValueKind::Duration => "duration as text, such as \"10ms\"".to_owned(),
        ValueKind::IntegerList { min } => format!("list of integers of at least {min}"),
    }
}

fn json_list(catalogue: &Catalogue, show: (bool, bool), out: &mut dyn Write) -> io::Result<()> {
    let kernels: Vec<_> = catalogue
        .kernels
        .iter()
        .filter(|_| show.0)
        .map(|kernel| {
            let parameters: Vec<_> = kernel
                .parameters
                .iter()
                .map(|parameter| {
                    json!({
                        "name": parameter.name, "type": kind(parameter.kind),
                        "required": parameter.required, "default": parameter.default,
                        "about": parameter.about,
                    })
                })
                .collect();
            json!({
                "name": kernel.name, "version": kernel.version, "about": kernel.about,
                "parameters": parameters, "size": kernel.size, "example": kernel.example,
            })
        })
        .collect();
    let strategies: Vec<_> = catalogue
        .strategies
        .iter()
        .filter(|_| show.1)
        .map(|strategy| {
            json!({
                "name": strategy.name, "about": strategy.about, "example": strategy.example,
            })
        })
        .collect();
    let lists = json!({ "schema_version": 1, "kernels": kernels, "strategies": strategies });
    writeln!(out, "{lists:#}")
}
