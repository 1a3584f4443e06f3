use super::*;
use std::fs;
use std::path::Path;

const LAPTOP: &str = "processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 142
model name\t: Intel(R) Core(TM) i7-8650U CPU @  1.90GHz
stepping\t: 10
microcode\t: 0xf4
physical id\t: 0
siblings\t: 4
core id\t\t: 0
cpu cores\t: 2
flags\t\t: fpu vme de pse tsc msr pae aes xsave avx

processor\t: 1
vendor_id\t: GenuineIntel
model name\t: Intel(R) Core(TM) i7-8650U CPU @  1.90GHz
physical id\t: 0
core id\t\t: 1
flags\t\t: fpu vme de pse tsc msr pae aes xsave avx

processor\t: 2
model name\t: Intel(R) Core(TM) i7-8650U CPU @  1.90GHz
physical id\t: 0
core id\t\t: 0

processor\t: 3
model name\t: Intel(R) Core(TM) i7-8650U CPU @  1.90GHz
physical id\t: 0
core id\t\t: 1
";

const VIRTUAL_SERVER: &str = "processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 1
model name\t: AMD EPYC 7763 64-Core Processor
stepping\t: 1
microcode\t: 0xffffffff
physical id\t: 0
core id\t\t: 0
flags\t\t: fpu vme svm hypervisor lahf_lm

processor\t: 1
model name\t: AMD EPYC 7763 64-Core Processor
physical id\t: 1
core id\t\t: 0
flags\t\t: fpu vme svm hypervisor lahf_lm
";

const BOARD: &str = "processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

processor\t: 1
CPU implementer\t: 0x41
CPU part\t: 0xd03

Hardware\t: BCM2835
Model\t\t: Raspberry Pi 4 Model B Rev 1.4
";

fn write(dir: &Path, path: &str, text: &str) {
    let file = dir.join(path.trim_start_matches('/'));
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(file, text).expect("written");
}

fn fake(cpuinfo: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temp dir");
    write(dir.path(), "/proc/cpuinfo", cpuinfo);
    dir
}

#[test]
fn a_laptop_has_two_threads_a_core() {
    let info = CpuInfo::parse(LAPTOP);
    assert_eq!(info.model.as_deref(), Some("Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz"));
    let signature = "GenuineIntel family 6 model 142 stepping 10";
    assert_eq!(info.signature.as_deref(), Some(signature));
    assert_eq!(info.microcode.as_deref(), Some("0xf4"));
    assert_eq!((info.threads, info.hypervisor), (4, Some(false)));

    let dir = fake(LAPTOP);
    let cpu = Cpu::read(&Root::at(dir.path()));
    assert_eq!(cpu.sockets, Fact::Known(1));
    assert_eq!(cpu.cores, Fact::Known(2));
    assert_eq!(cpu.threads, Fact::Known(4));
}

#[test]
fn a_virtual_server_shows_its_hypervisor_and_no_frequencies() {
    let info = CpuInfo::parse(VIRTUAL_SERVER);
    assert_eq!(info.hypervisor, Some(true));
    let dir = fake(VIRTUAL_SERVER);
    let cpu = Cpu::read(&Root::at(dir.path()));
    assert_eq!(cpu.sockets, Fact::Known(2));
    let reason = "the kernel shows no frequency control (usual in virtual machines)";
    assert_eq!(cpu.governor, Fact::unknown(reason));
    assert_eq!(cpu.max_hz, Fact::unknown(reason));
}

#[test]
fn an_arm_board_is_named_by_its_numbers_and_all_its_kinds_of_core() {
    let info = CpuInfo::parse(BOARD);
    let model = "ARM implementer 0x41 part 0xd08 + ARM implementer 0x41 part 0xd03";
    assert_eq!(info.model.as_deref(), Some(model));
    assert_eq!((info.threads, info.hypervisor), (2, None));
    assert_eq!(info.signature.as_deref(), Some("variant 0x0 revision 3"));
    assert!(info.places.is_empty());
}

#[test]
fn sysfs_tells_topology_caches_and_frequencies() {
    let dir = fake(BOARD);
    let at = dir.path();
    let cpus = "/sys/devices/system/cpu";
    write(at, &format!("{cpus}/online"), "0-1\n");
    write(at, &format!("{cpus}/smt/active"), "0\n");
    write(at, &format!("{cpus}/cpufreq/boost"), "1\n");
    for (cpu, governor) in [(0, "performance"), (1, "powersave")] {
        write(at, &format!("{cpus}/cpu{cpu}/topology/physical_package_id"), "0\n");
        write(at, &format!("{cpus}/cpu{cpu}/topology/core_id"), &format!("{cpu}\n"));
        write(at, &format!("{cpus}/cpu{cpu}/cpufreq/scaling_governor"), &format!("{governor}\n"));
    }
    write(at, &format!("{cpus}/cpu0/cpufreq/cpuinfo_max_freq"), "1500000\n");
    let cache =
        [("level", "2"), ("type", "Unified"), ("size", "1024K"), ("shared_cpu_list", "0-1")];
    for (name, text) in cache {
        write(at, &format!("{cpus}/cpu0/cache/index2/{name}"), text);
    }
    write(at, "/sys/devices/system/node/online", "0\n");
    let cpu = Cpu::read(&Root::at(at));
    assert_eq!((cpu.cores, cpu.smt), (Fact::Known(2), Fact::Known(false)));
    assert_eq!(cpu.governor, Fact::Known("performance 1, powersave 1".to_owned()));
    assert_eq!((cpu.max_hz, cpu.boost), (Fact::Known(1_500_000_000), Fact::Known(true)));
    assert_eq!(cpu.numa_nodes, Fact::Known(1));
    let expected =
        Cache { level: 2, kind: "unified".into(), bytes: 1 << 20, shared_by: "0-1".into() };
    assert_eq!(cpu.caches, Fact::Known(vec![expected]));
}

#[test]
fn the_turbo_switch_of_intel_counts_the_other_way_round() {
    let dir = fake(LAPTOP);
    write(dir.path(), "/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    assert_eq!(Cpu::read(&Root::at(dir.path())).boost, Fact::Known(false));
}

#[test]
fn lists_of_cpus_have_ranges_and_damaged_ones_are_refused() {
    assert_eq!(parse_list("0-2,8,10-11"), Some(vec![0, 1, 2, 8, 10, 11]));
    assert_eq!(parse_list("3-1"), None);
    assert_eq!(parse_list("0-99999999999"), None);
    assert_eq!(parse_list("many"), None);
}

#[test]
fn sizes_have_binary_units() {
    assert_eq!(parse_size("32K"), Some(32 << 10));
    assert_eq!(parse_size("16M"), Some(16 << 20));
    assert_eq!(parse_size("512"), Some(512));
    assert_eq!(parse_size("K"), None);
    assert_eq!(parse_size(""), None);
}
