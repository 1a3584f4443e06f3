//! Memory: sizes, pages, address-space randomisation.

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::root::{Root, unreadable};

/// Memory of the machine and how the kernel hands it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Memory {
    /// Usable memory in bytes.
    pub total_bytes: Fact<u64>,
    /// Memory that could be had without swapping at the start, in bytes.
    pub available_bytes: Fact<u64>,
    /// Swap space in bytes.
    pub swap_bytes: Fact<u64>,
    /// Size of a page in bytes.
    pub page_bytes: Fact<u64>,
    /// Transparent huge pages: `always`, `madvise` or `never`.
    pub transparent_hugepages: Fact<String>,
    /// Address-space randomisation: 0 off, 1 without heap, 2 full (`proc_sys_kernel(5)`).
    pub aslr: Fact<u64>,
}

/// A line of `/proc/meminfo`, in bytes.
#[must_use]
pub fn meminfo(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let mut words = line.split_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    match words.next() {
        Some("kB") => number.checked_mul(1024),
        None => Some(number),
        Some(_) => None,
    }
}

/// The word in brackets: the choice that is in force in many sysfs files.
#[must_use]
pub fn chosen(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    Some(rest.split_once(']')?.0)
}

impl Memory {
    /// Reads everything below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let table = root.text("/proc/meminfo");
        let line = |key: &str| {
            let reason = format!("/proc/meminfo has no line {key}");
            table.clone().and_then(|text| Fact::from_option(meminfo(&text, key), &reason))
        };
        let hugepages = "/sys/kernel/mm/transparent_hugepage/enabled";
        Self {
            total_bytes: line("MemTotal"),
            available_bytes: line("MemAvailable"),
            swap_bytes: line("SwapTotal"),
            page_bytes: Fact::Known(rustix::param::page_size() as u64),
            transparent_hugepages: root.text(hugepages).and_then(|text| {
                chosen(&text).map_or_else(
                    || unreadable(hugepages, &text),
                    |word| Fact::Known(word.to_owned()),
                )
            }),
            aslr: root.number("/proc/sys/kernel/randomize_va_space"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "MemTotal:       263844328 kB\nMemFree:        1843388 kB\n\
        MemAvailable:   251022840 kB\nSwapTotal:             0 kB\nHugePages_Total:       8\n";

    #[test]
    fn meminfo_is_in_bytes_where_it_says_kb() {
        assert_eq!(meminfo(SERVER, "MemTotal"), Some(263_844_328 * 1024));
        assert_eq!(meminfo(SERVER, "SwapTotal"), Some(0));
        assert_eq!(meminfo(SERVER, "HugePages_Total"), Some(8));
        assert_eq!(meminfo(SERVER, "Mem"), None);
    }

    #[test]
    fn the_word_in_brackets_is_in_force() {
        assert_eq!(chosen("always [madvise] never"), Some("madvise"));
        assert_eq!(chosen("always"), None);
    }
}
