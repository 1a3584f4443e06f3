//! The experiment after all layers as one TOML 1.0 document, each value with where it came from.
//!
//! Owns layout and provenance. Reading the text again gives the same cells, keys and plan.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use toml::de::{DeTable, DeValue};

use super::binder::Node;
use super::keys::{COMMAND_ONLY, COMPARE, GATE, HOOK, Keys, PROTOCOL, STRATEGY, WORKLOAD};
use super::sources::Sources;

/// Tables whose entries are tables with a name.
const NAMED: [&str; 2] = ["workloads", "strategies"];

/// The order of the document; what is not here follows in its own order.
const ORDER: [&str; 9] = [
    "params",
    "workloads",
    "strategies",
    "protocol",
    "limits",
    "sandbox",
    "override",
    "compare",
    "output",
];

/// The document; only the seed may still come from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    head: String,
    seed: Option<String>,
    tables: String,
}

impl Resolved {
    /// The text, with this seed and where it came from in the place of the document's own.
    #[must_use]
    pub fn render(&self, seed: Option<(u64, &str)>) -> String {
        let seed = match seed {
            Some((seed, origin)) => Some(format!("seed = {seed}  # {origin}\n")),
            None => self.seed.clone(),
        };
        let seed = seed.unwrap_or_else(|| "# seed: drawn for each run\n".to_owned());
        format!("{}{seed}{}", self.head, self.tables)
    }
}

/// Where values come from.
pub(super) struct Provenance<'a> {
    pub(super) sources: &'a Sources,
    /// Where values of the profile in force begin, and its name.
    pub(super) of_profile: &'a HashSet<usize>,
    pub(super) profile: Option<&'a str>,
    /// Levels that stand in other files, by the place where the file is named: they are written out,
    /// so that the document stands alone.
    pub(super) lines: &'a HashMap<usize, Vec<String>>,
}

/// Lays a whole document out. `title` stands where the document has none.
pub(super) fn resolve(
    document: &DeTable<'_>,
    provenance: &Provenance<'_>,
    title: &str,
) -> Resolved {
    let mut writer = Writer { provenance, out: String::new() };
    match document.get("title") {
        Some(node) => writer.entry("title", node),
        None => writer.default("title", &quoted(title)),
    }
    if let Some(node) = document.get("question") {
        writer.entry("question", node);
    }
    let head = std::mem::take(&mut writer.out);
    let seed = document.get("seed").map(|node| {
        writer.entry("seed", node);
        std::mem::take(&mut writer.out)
    });
    let others = document.keys().map(|key| key.get_ref().as_ref());
    let others =
        others.filter(|key| !ORDER.contains(key) && !matches!(*key, "title" | "question" | "seed"));
    for name in ORDER.into_iter().chain(others) {
        writer.section(name, document.get(name));
    }
    Resolved { head, seed, tables: writer.out }
}

struct Writer<'a> {
    provenance: &'a Provenance<'a>,
    out: String,
}

impl Writer<'_> {
    fn section(&mut self, name: &str, node: Option<&Node<'_>>) {
        match (name, node.map(Node::get_ref)) {
            ("protocol", None) => self.table(&[name], &DeTable::new(), &PROTOCOL),
            ("protocol", Some(DeValue::Table(table))) => {
                self.table(&[name], table, &PROTOCOL);
            }
            ("compare", Some(DeValue::Table(table))) => {
                self.table(&[name], table, &COMPARE);
            }
            ("gate", Some(DeValue::Table(table))) => self.table(&[name], table, &GATE),
            ("strategies", None) => {
                self.header(&["strategies", "sequential"], ("[", "]"));
                self.default("kind", "\"sequential\"");
                self.default("workers", "1");
            }
            (_, Some(DeValue::Table(table))) if NAMED.contains(&name) => self.named(name, table),
            ("hooks", Some(DeValue::Table(table))) => self.hooks(&[name], table),
            (_, Some(DeValue::Table(table))) => self.plain(&[name], table),
            (_, Some(DeValue::Array(list)))
                if list.iter().all(|item| item.get_ref().is_table()) =>
            {
                for table in list.iter().filter_map(|item| item.get_ref().as_table()) {
                    self.header(&[name], ("[[", "]]"));
                    self.entries(table, |_| true);
                }
            }
            (_, None | Some(_)) => {}
        }
    }

    fn named(&mut self, section: &str, table: &DeTable<'_>) {
        for (key, node) in table {
            let path = [section, key.get_ref()];
            let DeValue::Table(inner) = node.get_ref() else {
                // The short form of a strategy.
                self.header(&path, ("[", "]"));
                self.entry("kind", node);
                self.default("workers", "1");
                continue;
            };
            self.header(&path, ("[", "]"));
            if section == "workloads" {
                self.kind(key.get_ref(), inner);
            }
            self.entries(inner, |node| !node.get_ref().is_table());
            let is_workload = section == "workloads";
            self.defaults(inner, if is_workload { &WORKLOAD } else { &STRATEGY });
            for (key, node) in inner {
                let path = [path[0], path[1], key.get_ref()];
                match node.get_ref() {
                    DeValue::Table(hooks) if is_workload && path[2] == "hooks" => {
                        self.hooks(&path, hooks);
                    }
                    DeValue::Table(deepest) => self.plain(&path, deepest),
                    _ => {}
                }
            }
        }
    }

    /// What a workload is where it does not say so itself.
    fn kind(&mut self, name: &str, table: &DeTable<'_>) {
        if table.contains_key("kind") {
            return;
        }
        let kind = if table.contains_key("command") { "command" } else { name };
        self.default("kind", &quoted(kind));
    }

    fn table(&mut self, path: &[&str], table: &DeTable<'_>, keys: &Keys) {
        self.plain(path, table);
        self.defaults(table, keys);
    }

    /// A table without defaults.
    fn plain(&mut self, path: &[&str], table: &DeTable<'_>) {
        self.header(path, ("[", "]"));
        self.entries(table, |_| true);
    }

    /// Hooks, each scope in a table of its own.
    fn hooks(&mut self, path: &[&str], table: &DeTable<'_>) {
        for (key, node) in table {
            if let DeValue::Table(hook) = node.get_ref() {
                self.table(&[path, &[key.get_ref()]].concat(), hook, &HOOK);
            }
        }
    }

    fn header(&mut self, path: &[&str], (open, close): (&str, &str)) {
        let path: Vec<String> = path.iter().map(|part| bare_or_quoted(part)).collect();
        writeln!(self.out, "\n{open}{}{close}", path.join(".")).expect("text");
    }

    fn entries(&mut self, table: &DeTable<'_>, is_here: impl Fn(&Node<'_>) -> bool) {
        for (key, node) in table.iter().filter(|(_, node)| is_here(node)) {
            self.entry(key.get_ref(), node);
        }
    }

    fn entry(&mut self, key: &str, node: &Node<'_>) {
        let mut origins = Vec::new();
        self.origins(node, &mut origins);
        let value = self.value(node);
        if let Some((file, _)) = self.lines(node) {
            origins.push(format!("lines of {}", file.escape_debug()));
        }
        let origins = origins.join(", ");
        writeln!(self.out, "{} = {value}  # {origins}", bare_or_quoted(key)).expect("text");
    }

    fn defaults(&mut self, table: &DeTable<'_>, keys: &Keys) {
        // Keys of commands would be a mistake in a kernel.
        let is_command = table.contains_key("command");
        let applies = |key: &str| is_command || !COMMAND_ONLY.contains(&key);
        // With this key the one default would contradict it.
        let is_fixed = |key: &str| {
            let adaptive = table.get("adaptive").map(Node::get_ref);
            key != "repeats" || adaptive.is_none_or(|node| node.as_bool() == Some(false))
        };
        for (key, value) in keys.defaults().filter(|(key, _)| applies(key) && is_fixed(key)) {
            if !table.contains_key(key) {
                self.default(key, value);
            }
        }
    }

    fn default(&mut self, key: &str, value: &str) {
        writeln!(self.out, "{key} = {value}  # default").expect("text");
    }

    /// Where a value comes from; the parts of a table may come from several layers.
    fn origins(&self, node: &Node<'_>, found: &mut Vec<String>) {
        if let DeValue::Table(table) = node.get_ref()
            && !table.is_empty()
        {
            table.values().for_each(|inner| self.origins(inner, found));
            return;
        }
        let start = node.span().start;
        let mut origin = self.provenance.sources.origin(start);
        if let Some(profile) = self.provenance.profile
            && self.provenance.of_profile.contains(&start)
        {
            origin = format!("profile {profile}, {origin}");
        }
        let origin = origin.escape_debug().to_string();
        if !found.contains(&origin) {
            found.push(origin);
        }
    }

    /// The file that holds the levels of an axis, and the levels.
    fn lines<'n>(&self, node: &'n Node<'_>) -> Option<(&'n str, &[String])> {
        let file = node.get_ref().as_table()?.get("lines")?;
        let levels = self.provenance.lines.get(&file.span().start)?;
        Some((file.get_ref().as_str()?, levels))
    }

    fn value(&self, node: &Node<'_>) -> String {
        if let Some((_, levels)) = self.lines(node) {
            let levels: Vec<String> = levels.iter().map(|level| quoted(level)).collect();
            return format!("[{}]", levels.join(", "));
        }
        match node.get_ref() {
            DeValue::String(text) => quoted(text),
            DeValue::Array(list) => {
                let items: Vec<String> = list.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            DeValue::Table(table) if table.is_empty() => "{}".to_owned(),
            DeValue::Table(table) => {
                let entries: Vec<String> = table
                    .iter()
                    .map(|(key, value)| {
                        format!("{} = {}", bare_or_quoted(key.get_ref()), self.value(value))
                    })
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
            // Numbers and booleans are written the same in every version of TOML.
            _ => self.provenance.sources.text().get(node.span()).unwrap_or_default().to_owned(),
        }
    }
}

/// Text between double quotes, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(c)).expect("text");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn bare_or_quoted(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::{Environment, OnFailure, OnTimeout, Order, Protocol};

    #[test]
    fn the_defaults_are_those_of_the_protocol() {
        let text: String =
            PROTOCOL.defaults().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let table = DeTable::parse(&text).expect("TOML").into_inner();
        let binder = super::super::binder::Binder::new(&text);
        // From a base in which every value differs.
        let other = Protocol {
            repeats: 3,
            adaptive: Some(crate::design::Adaptive::default()),
            warmup: 3,
            order: Order::Shuffled,
            isolation: crate::design::Isolation::Thread,
            timeout: std::time::Duration::from_secs(1),
            on_timeout: OnTimeout::SkipLarger { parameter: None },
            retries: 3,
            jobs: 3,
            on_failure: OnFailure::Stop,
            iterations: 3,
            environment: Environment::Clean { keep: Vec::new() },
            env_pad: false,
            limits: crate::process::Limits::default(),
            cpus: crate::design::Cpus::Auto,
            nice: None,
            counters: true,
            sandbox: crate::design::Sandbox::default(),
        };
        let read = super::super::protocol::of_run(&binder, &table, &other);
        assert_eq!(read, Protocol::default());
        assert!(binder.into_problems().is_empty());
    }

    #[test]
    fn text_and_keys_are_quoted_so_that_they_read_back() {
        for text in ["", "a\"b\\c", "two\nlines\t", "\u{1}\u{7f}\u{85}", "ä #"] {
            let line = format!("{} = {}", bare_or_quoted(text), quoted(text));
            let table = DeTable::parse(&line).expect("TOML").into_inner();
            let (key, value) = table.iter().next().expect("an entry");
            assert_eq!((key.get_ref().as_ref(), value.get_ref().as_str()), (text, Some(text)));
        }
    }
}
