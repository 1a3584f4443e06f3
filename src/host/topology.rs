//! Which CPUs share a core and a memory node, and which of them a trial should run on.
//!
//! Owns the choice: whole cores, on one node when they fit, the other threads of each core left
//! idle when there are enough cores (Beyer, Löwe, Wendler, STTT 2019, section 4). Refuses to move
//! anything.

use super::cpu::parse_list;
use super::root::Root;

const CPUS: &str = "/sys/devices/system/cpu";

/// A physical core with the CPUs (hardware threads) of it that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// In rising order; the first one is used first.
    pub cpus: Vec<usize>,
    /// NUMA node.
    pub node: u64,
    /// Relative speed: capacity, or highest frequency in kHz; 0 when unknown. Larger is faster.
    pub speed: u64,
}

/// The cores that may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    cores: Vec<Core>,
}

impl Topology {
    /// Reads sysfs for these CPUs. A CPU of which nothing is known is a core of its own on node 0.
    #[must_use]
    pub fn read(root: &Root, allowed: &[usize]) -> Self {
        let nodes = nodes(root);
        let mut cores: Vec<Core> = Vec::new();
        for &cpu in allowed {
            if cores.iter().any(|core| core.cpus.contains(&cpu)) {
                continue;
            }
            let mut cpus = siblings(root, cpu);
            cpus.retain(|other| allowed.contains(other));
            if !cpus.contains(&cpu) {
                cpus = vec![cpu];
            }
            let node = nodes.iter().find(|(_, of_node)| of_node.contains(&cpu));
            let node = node.map_or(0, |(node, _)| *node);
            cores.push(Core { cpus, node, speed: speed(root, cpu) });
        }
        Self::new(cores)
    }

    /// Of these cores.
    #[must_use]
    pub fn new(mut cores: Vec<Core>) -> Self {
        // The fastest kind first, as on processors with two kinds of cores.
        cores.sort_by_key(|core| std::cmp::Reverse(core.speed));
        Self { cores }
    }

    /// How many cores there are.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// The CPUs for a trial with this many workers, in rising order; `is_taken` says which cores
    /// others use. One CPU of each of as many free cores, all of the same kind and on one node
    /// when they fit; with more workers than free cores, every thread of the free cores. Empty
    /// when no core is free.
    #[must_use]
    pub fn choose(&self, workers: u32, is_taken: impl Fn(usize) -> bool) -> Vec<usize> {
        let wanted = workers.max(1) as usize;
        let is_free = |core: &&Core| !core.cpus.iter().any(|&cpu| is_taken(cpu));
        let free: Vec<&Core> = self.cores.iter().filter(is_free).collect();
        let mut chosen: Vec<usize> = if free.len() < wanted {
            free.iter().flat_map(|core| core.cpus.iter().copied()).collect()
        } else {
            let cores = one_kind(&free, wanted).unwrap_or(free);
            cores.iter().take(wanted).map(|core| core.cpus[0]).collect()
        };
        chosen.sort_unstable();
        chosen
    }
}

/// What two cores must have in common.
type Kind = fn(&Core) -> (u64, u64);

/// The first cores of one speed and one node that are enough, else of one node, else of one speed.
fn one_kind<'a>(free: &[&'a Core], wanted: usize) -> Option<Vec<&'a Core>> {
    let kinds: [Kind; 3] =
        [|core| (core.speed, core.node), |core| (0, core.node), |core| (core.speed, 0)];
    kinds.iter().find_map(|kind| {
        free.iter().find_map(|first| {
            let same: Vec<&Core> =
                free.iter().copied().filter(|core| kind(core) == kind(first)).collect();
            (same.len() >= wanted).then_some(same)
        })
    })
}

fn siblings(root: &Root, cpu: usize) -> Vec<usize> {
    let topology = format!("{CPUS}/cpu{cpu}/topology");
    let list = |name: &str| {
        let text = root.text(&format!("{topology}/{name}"));
        text.known().and_then(|text| parse_list(text))
    };
    let found = list("core_cpus_list").or_else(|| list("thread_siblings_list"));
    found.unwrap_or_default().into_iter().filter_map(|cpu| usize::try_from(cpu).ok()).collect()
}

fn nodes(root: &Root) -> Vec<(u64, Vec<usize>)> {
    let names = root.names("/sys/devices/system/node");
    let numbers = names.iter().filter_map(|name| name.strip_prefix("node")?.parse::<u64>().ok());
    numbers
        .filter_map(|node| {
            let text = root.text(&format!("/sys/devices/system/node/node{node}/cpulist"));
            let cpus = parse_list(text.known()?)?;
            Some((node, cpus.into_iter().filter_map(|cpu| usize::try_from(cpu).ok()).collect()))
        })
        .collect()
}

fn speed(root: &Root, cpu: usize) -> u64 {
    let number = |path: String| root.number(&path).known().copied();
    number(format!("{CPUS}/cpu{cpu}/cpu_capacity"))
        .or_else(|| number(format!("{CPUS}/cpu{cpu}/cpufreq/cpuinfo_max_freq")))
        .unwrap_or(0)
}

/// CPUs as text: `0-3,8`.
#[must_use]
pub fn render_list(cpus: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &cpu in cpus {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    let texts = ranges.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const NOBODY: fn(usize) -> bool = |_| false;

    /// Two nodes with four cores of two threads each; thread t of core c is CPU c + 8 t.
    fn server() -> Topology {
        let core = |c: usize| Core { cpus: vec![c, c + 8], node: (c / 4) as u64, speed: 0 };
        Topology::new((0..8).map(core).collect())
    }

    #[test]
    fn whole_cores_on_one_node_and_their_siblings_idle() {
        assert_eq!(server().choose(1, NOBODY), [0]);
        assert_eq!(server().choose(4, NOBODY), [0, 1, 2, 3]);
        assert_eq!(server().choose(5, NOBODY), [0, 1, 2, 3, 4]);
        assert_eq!(server().choose(8, NOBODY), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(server().choose(9, NOBODY), (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn a_node_with_enough_free_cores_is_preferred_to_two_halves() {
        // A sibling that is in use makes the core a used one.
        let taken = |cpu: usize| cpu == 8 || cpu == 1;
        assert_eq!(server().choose(2, taken), [2, 3]);
        assert_eq!(server().choose(3, taken), [4, 5, 6]);
        assert_eq!(server().choose(1, |_| true), Vec::<usize>::new());
    }

    #[test]
    fn fast_cores_come_first_and_kinds_are_not_mixed() {
        let core = |cpu: usize, speed: u64| Core { cpus: vec![cpu], node: 0, speed };
        let mobile = Topology::new(vec![
            core(0, 400),
            core(1, 400),
            core(2, 400),
            core(3, 900),
            core(4, 900),
        ]);
        assert_eq!(mobile.choose(2, NOBODY), [3, 4]);
        assert_eq!(mobile.choose(3, NOBODY), [0, 1, 2]);
        assert_eq!(mobile.choose(4, NOBODY), [0, 1, 3, 4]);
    }

    #[test]
    fn sysfs_is_read_as_the_kernel_writes_it() {
        let dir = tempfile::tempdir().expect("a temp dir");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        for cpu in 0..4 {
            let siblings = if cpu % 2 == 0 { "0,2\n" } else { "1,3\n" };
            let name = if cpu == 3 { "thread_siblings_list" } else { "core_cpus_list" };
            write(&format!("sys/devices/system/cpu/cpu{cpu}/topology/{name}"), siblings);
        }
        write("sys/devices/system/node/node0/cpulist", "0,2\n");
        write("sys/devices/system/node/node1/cpulist", "1,3\n");
        let topology = Topology::read(&Root::at(dir.path()), &[0, 1, 2, 3]);
        let core = |cpus: [usize; 2], node| Core { cpus: cpus.to_vec(), node, speed: 0 };
        assert_eq!(topology.cores, [core([0, 2], 0), core([1, 3], 1)]);
        // Only one thread of the second core is allowed; nothing is known of CPU 7.
        let part = Topology::read(&Root::at(dir.path()), &[0, 3, 7]);
        let cpus: Vec<&[usize]> = part.cores.iter().map(|core| core.cpus.as_slice()).collect();
        assert_eq!(cpus, [&[0][..], &[3], &[7]]);
    }

    #[test]
    fn lists_are_written_as_the_kernel_does() {
        assert_eq!(render_list(&[0, 1, 2, 3, 8, 10, 11]), "0-3,8,10-11");
        assert_eq!(render_list(&[]), "");
    }

    proptest! {
        #[test]
        fn what_is_chosen_is_free_and_as_many_as_can_be(
            workers in 1_u32..20,
            taken in prop::collection::btree_set(0_usize..16, 0..16),
        ) {
            let chosen = server().choose(workers, |cpu| taken.contains(&cpu));
            prop_assert!(chosen.iter().all(|cpu| !taken.contains(cpu)));
            let free = (0..8).filter(|c| !taken.contains(c) && !taken.contains(&(c + 8))).count();
            let wanted = workers as usize;
            let expected = if free >= wanted { wanted } else { 2 * free };
            prop_assert_eq!(chosen.len(), expected);
        }

        #[test]
        fn lists_are_read_back(cpus in prop::collection::btree_set(0_usize..200, 0..30)) {
            let cpus: Vec<usize> = cpus.into_iter().collect();
            let read = parse_list(&render_list(&cpus)).expect("a list");
            prop_assert_eq!(read, cpus.iter().map(|&cpu| cpu as u64).collect::<Vec<_>>());
        }
    }
}
