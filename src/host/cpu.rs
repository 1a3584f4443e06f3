//! The processor: model, topology, caches, frequencies. Parsers over text of `/proc/cpuinfo` and
//! of sysfs (Documentation/ABI/testing/sysfs-devices-system-cpu), and the reading of both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::root::{Root, unreadable};

const CPUS: &str = "/sys/devices/system/cpu";

/// The processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cpu {
    /// Model as the processor names itself; on ARM implementer and part numbers.
    pub model: Fact<String>,
    /// Vendor, family, model and stepping numbers.
    pub signature: Fact<String>,
    /// Processor packages.
    pub sockets: Fact<u64>,
    /// Physical cores that are online.
    pub cores: Fact<u64>,
    /// Hardware threads that are online.
    pub threads: Fact<u64>,
    /// Whether cores run more than one thread at present.
    pub smt: Fact<bool>,
    /// Caches that the first CPU sees.
    pub caches: Fact<Vec<Cache>>,
    /// Microcode revision.
    pub microcode: Fact<String>,
    /// The driver that sets frequencies.
    pub frequency_driver: Fact<String>,
    /// Frequency governors in use and on how many CPUs: `powersave` or `performance 4, powersave 4`.
    pub governor: Fact<String>,
    /// Whether frequencies above the nominal one are allowed.
    pub boost: Fact<bool>,
    /// Lowest frequency that the hardware allows, in Hz.
    pub min_hz: Fact<u64>,
    /// Highest frequency that the hardware allows, in Hz.
    pub max_hz: Fact<u64>,
    /// NUMA nodes that are online.
    pub numa_nodes: Fact<u64>,
    /// CPUs that the kernel keeps free of other work (`isolcpus`), as a list.
    pub isolated: Fact<String>,
}

/// One cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cache {
    /// 1 is closest to the core.
    pub level: u64,
    /// `data`, `instruction` or `unified`.
    pub kind: String,
    /// Size in bytes.
    pub bytes: u64,
    /// CPUs that share it, as a list.
    pub shared_by: String,
}

/// What `/proc/cpuinfo` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuInfo {
    /// Model of the processor; several kinds are joined by ` + `.
    pub model: Option<String>,
    /// Vendor, family, model and stepping numbers.
    pub signature: Option<String>,
    /// Microcode revision of the first CPU.
    pub microcode: Option<String>,
    /// Entries, one a hardware thread.
    pub threads: u64,
    /// Package and core of each thread, where they are given.
    pub places: Vec<(u64, u64)>,
    /// The `hypervisor` flag; `None` where no flags in the x86 sense are listed.
    pub hypervisor: Option<bool>,
}

impl CpuInfo {
    /// Reads the text; what is not there stays empty.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut models: Vec<String> = Vec::new();
        let mut info = Self::default();
        for entry in text.split("\n\n") {
            let fields = Fields::parse(entry);
            if fields.get("processor").is_none_or(|number| number.parse::<u64>().is_err()) {
                continue;
            }
            info.threads += 1;
            if let Some(model) = fields.model().filter(|model| !models.contains(model)) {
                models.push(model);
            }
            if let (Some(package), Some(core)) =
                (fields.number("physical id"), fields.number("core id"))
            {
                info.places.push((package, core));
            }
            info.microcode = info.microcode.or_else(|| fields.get("microcode").map(str::to_owned));
            info.signature = info.signature.or_else(|| fields.signature());
            info.hypervisor = info.hypervisor.or_else(|| {
                let flags = fields.get("flags")?;
                Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
            });
        }
        info.model = (!models.is_empty()).then(|| models.join(" + "));
        info
    }
}

struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn parse(entry: &'a str) -> Self {
        let pairs = entry.lines().filter_map(|line| line.split_once(':'));
        Self(pairs.map(|(key, value)| (key.trim(), value.trim())).collect())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map(|&(_, value)| value).filter(|value| !value.is_empty())
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }

    fn model(&self) -> Option<String> {
        if let Some(name) = self.get("model name") {
            return Some(name.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        let implementer = self.get("CPU implementer")?;
        let part = self.get("CPU part")?;
        Some(format!("ARM implementer {implementer} part {part}"))
    }

    fn signature(&self) -> Option<String> {
        if let Some(vendor) = self.get("vendor_id") {
            let number = |key| self.get(key).unwrap_or("?");
            let (family, model) = (number("cpu family"), number("model"));
            let stepping = number("stepping");
            return Some(format!("{vendor} family {family} model {model} stepping {stepping}"));
        }
        let variant = self.get("CPU variant")?;
        let revision = self.get("CPU revision")?;
        Some(format!("variant {variant} revision {revision}"))
    }
}

/// Reads a list such as `0-3,8,10-11` (as in `cpuset(7)`); `None` when it is something else.
#[must_use]
pub fn parse_list(text: &str) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        // No machine has more CPUs; a damaged file must not fill the memory.
        if last < first || last - first > 1 << 16 {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

/// Reads a size such as `32K` or `1024K` or `16M`, in bytes.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Which words occur and how often: `powersave` or `performance 4, powersave 4`.
#[must_use]
pub fn tally(words: &[String]) -> Option<String> {
    let kinds: BTreeSet<&String> = words.iter().collect();
    match kinds.len() {
        0 => None,
        1 => Some(words[0].clone()),
        _ => {
            let count = |kind: &String| words.iter().filter(|word| *word == kind).count();
            let parts: Vec<String> =
                kinds.iter().map(|kind| format!("{kind} {}", count(kind))).collect();
            Some(parts.join(", "))
        }
    }
}

impl Cpu {
    /// Reads everything below `root`.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let info = root.text("/proc/cpuinfo").map(|text| CpuInfo::parse(&text));
        let online = root.text(&format!("{CPUS}/online")).and_then(|text| {
            Fact::from_option(parse_list(&text), "the list of online CPUs is unreadable")
        });
        let places = places(root, &info, &online);
        let field = |read: fn(&CpuInfo) -> Option<String>, reason: &str| {
            info.clone().and_then(|info| Fact::from_option(read(&info), reason))
        };
        let policy = "/sys/devices/system/cpu/cpu0/cpufreq";
        Self {
            model: field(|info| info.model.clone(), "/proc/cpuinfo names no model"),
            signature: field(
                |info| info.signature.clone(),
                "/proc/cpuinfo has no numbers of the model",
            ),
            sockets: places.clone().map(|places| distinct(places.iter().map(|place| (place.0, 0)))),
            cores: places.map(|places| distinct(places.into_iter())),
            threads: online
                .map(|cpus| cpus.len() as u64)
                .or_else(|| info.clone().map(|info| info.threads)),
            smt: smt(root),
            caches: caches(root),
            microcode: field(|info| info.microcode.clone(), "/proc/cpuinfo names no microcode"),
            frequency_driver: frequency(root, root.text(&format!("{policy}/scaling_driver"))),
            governor: governor(root),
            boost: boost(root),
            min_hz: frequency(root, root.number(&format!("{policy}/cpuinfo_min_freq"))).map(khz),
            max_hz: frequency(root, root.number(&format!("{policy}/cpuinfo_max_freq"))).map(khz),
            numa_nodes: numa_nodes(root),
            isolated: isolated(root),
        }
    }
}

fn numa_nodes(root: &Root) -> Fact<u64> {
    root.text("/sys/devices/system/node/online").and_then(|text| {
        let nodes = parse_list(&text).map(|nodes| nodes.len() as u64);
        Fact::from_option(nodes, "the list of NUMA nodes is unreadable")
    })
}

fn isolated(root: &Root) -> Fact<String> {
    match root.text(&format!("{CPUS}/isolated")) {
        Fact::Unknown(reason) if reason.ends_with("is empty") => Fact::unknown("none is isolated"),
        fact => fact,
    }
}

fn khz(value: u64) -> u64 {
    value.saturating_mul(1_000)
}

fn distinct(places: impl Iterator<Item = (u64, u64)>) -> u64 {
    places.collect::<BTreeSet<_>>().len() as u64
}

/// Package and core of every online thread: from sysfs, which has them on every architecture, or
/// from `/proc/cpuinfo`.
fn places(root: &Root, info: &Fact<CpuInfo>, online: &Fact<Vec<u64>>) -> Fact<Vec<(u64, u64)>> {
    let place = |cpu: &u64| {
        let read = |name: &str| root.number(&format!("{CPUS}/cpu{cpu}/topology/{name}"));
        let package = read("physical_package_id").known().copied()?;
        Some((package, read("core_id").known().copied()?))
    };
    let from_sysfs: Option<Vec<(u64, u64)>> =
        online.known().and_then(|cpus| cpus.iter().map(place).collect());
    let from_text = || info.known().map(|info| info.places.clone()).filter(|list| !list.is_empty());
    Fact::from_option(
        from_sysfs.or_else(from_text),
        "neither sysfs nor /proc/cpuinfo tells the topology",
    )
}

fn smt(root: &Root) -> Fact<bool> {
    flag(root, &format!("{CPUS}/smt/active"), true)
}

fn flag(root: &Root, path: &str, when_one: bool) -> Fact<bool> {
    root.text(path).and_then(|text| match text.as_str() {
        "1" => Fact::Known(when_one),
        "0" => Fact::Known(!when_one),
        other => unreadable(path, other),
    })
}

fn caches(root: &Root) -> Fact<Vec<Cache>> {
    let folder = format!("{CPUS}/cpu0/cache");
    let caches: Vec<Cache> = root
        .names(&folder)
        .iter()
        .filter(|name| name.starts_with("index"))
        .filter_map(|name| cache(root, &format!("{folder}/{name}")))
        .collect();
    if caches.is_empty() {
        return Fact::unknown(format!("{folder} lists no caches"));
    }
    Fact::Known(caches)
}

fn cache(root: &Root, folder: &str) -> Option<Cache> {
    let text = |name: &str| root.text(&format!("{folder}/{name}")).known().cloned();
    Some(Cache {
        level: text("level")?.parse().ok()?,
        kind: text("type")?.to_lowercase(),
        bytes: parse_size(&text("size")?)?,
        shared_by: text("shared_cpu_list").unwrap_or_default(),
    })
}

/// The same reason for everything that needs cpufreq, where there is none.
fn frequency<T>(root: &Root, fact: Fact<T>) -> Fact<T> {
    match fact {
        Fact::Unknown(_) if !root.exists(&format!("{CPUS}/cpu0/cpufreq")) => {
            Fact::unknown("the kernel shows no frequency control (usual in virtual machines)")
        }
        fact => fact,
    }
}

fn governor(root: &Root) -> Fact<String> {
    let governors: Vec<String> = root
        .names(CPUS)
        .iter()
        .filter(|name| name.strip_prefix("cpu").is_some_and(|rest| rest.parse::<u32>().is_ok()))
        .filter_map(|name| {
            let path = format!("{CPUS}/{name}/cpufreq/scaling_governor");
            root.text(&path).known().cloned()
        })
        .collect();
    frequency(root, Fact::from_option(tally(&governors), "no CPU names its governor"))
}

fn boost(root: &Root) -> Fact<bool> {
    let general = flag(root, &format!("{CPUS}/cpufreq/boost"), true);
    let fact = general.or_else(|| flag(root, &format!("{CPUS}/intel_pstate/no_turbo"), false));
    match fact {
        Fact::Known(boost) => Fact::Known(boost),
        Fact::Unknown(_) => {
            Fact::unknown("the kernel shows neither cpufreq/boost nor intel_pstate/no_turbo")
        }
    }
}

#[cfg(test)]
mod tests;
