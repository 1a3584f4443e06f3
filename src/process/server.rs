//! The launcher's own process: idle, one child, report, idle.
//!
//! It keeps its buffers from child to child and refuses whatever it does not need: no threads,
//! no parsing of text. At the end-of-file of its socket it kills the running tree and exits.

use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use rustix::net::RecvFlags;
use rustix::process::Signal;

use super::accounting::{Accounting, CpuMethod, MemoryMethod};
use super::cgroup::ControlGroup;
use super::counters::{Counters, Counts};
use super::descendants::{Before, Descendants};
use super::exit::{Captured, Ending, Exit, Usage};
use super::launcher::Confinement;
use super::limits::{self, Enforced, Limit, Limits, Watch};
use super::pipes::Pipes;
use super::sandbox;
use super::slim::Floor;
use super::spawn::{Affinity, Child, Spawner, VISIT, cpu_set, failed};
use super::supervise::{CHUNK, Course, Order, Sink, Supervisor, signal_group};
use super::sys::{self, FailedCall};
use super::tree::{self, Sampler};
use super::wire::{self, Inbox, Launch, Ready, Request};

/// Buffers above this are given back after the child that needed them.
const KEPT_BYTES: usize = 256 * 1024;

/// The life of a launcher, whose socket is descriptor 0; `arguments` follow the entry's name.
pub fn launcher_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Server::start(&arguments).and_then(|mut server| server.serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Server {
    socket: OwnedFd,
    inbox: Inbox,
    spawner: Spawner,
    desk: Desk,
}

/// What one child needs besides its message; kept for the next.
struct Desk {
    pipes: Pipes,
    sinks: [Sink; 2],
    chunk: Box<[u8]>,
    outbox: Vec<u8>,
    descendants: Descendants,
    floor: Floor,
    counters: Counters,
    accounting: Accounting,
    /// Where children are born; `None` when it is not wanted, not there or lost.
    group: Option<ControlGroup>,
    /// Of the child that runs.
    limits: Limits,
    enforced: Enforced,
    /// Files are read-only for it.
    read_only: bool,
    no_network: bool,
}

impl Server {
    fn start(arguments: &[OsString]) -> io::Result<Self> {
        let confinement = Confinement::parse(arguments).ok_or(io::ErrorKind::InvalidInput)?;
        sys::default_signals();
        sys::close_on_exec_from(3)?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        let affinity = confine(&confinement)?;
        let wants_group = confinement.accounting >= Accounting::Cgroup;
        let wants_memory = confinement.accounting == Accounting::CgroupMemory;
        let group = wants_group.then(|| ControlGroup::new(wants_memory)).flatten();
        // After the group, whose files a user namespace might hide.
        let left = if confinement.no_network { sandbox::leave_network() } else { Ok(()) };
        let network_errno = left.map_or_else(|e| e.raw_os_error().unwrap_or(libc::EPERM), |()| 0);
        let spawner = Spawner::new(confinement.spawn_path, affinity)?;
        let mut server = Self {
            socket,
            inbox: Inbox::default(),
            spawner,
            desk: Desk {
                pipes: Pipes::default(),
                sinks: Default::default(),
                chunk: vec![0; CHUNK].into_boxed_slice(),
                outbox: Vec::new(),
                descendants: Descendants::new(),
                floor: Floor::new(),
                counters: Counters::default(),
                accounting: confinement.accounting,
                group,
                limits: Limits::default(),
                enforced: Enforced::default(),
                read_only: false,
                no_network: confinement.no_network,
            },
        };
        let ready = Ready { rss_floor_bytes: server.desk.floor.bytes(), network_errno };
        wire::encode_ready(&mut server.desk.outbox, ready)?;
        wire::send_all(&server.socket, &server.desk.outbox)?;
        Ok(server)
    }

    fn serve(&mut self) -> io::Result<()> {
        loop {
            while self.inbox.frame().is_none() {
                if !self.inbox.fill(&self.socket, RecvFlags::empty())? {
                    return Ok(());
                }
            }
            if !self.handle()? {
                return Ok(());
            }
        }
    }

    /// Deals with the first frame; false when the runner is gone.
    fn handle(&mut self) -> io::Result<bool> {
        let frame = self.inbox.frame().expect("serve has waited for it");
        let Request::Launch(launch) = wire::decode_request(frame)? else {
            // An order that crossed the report of the child it was meant for.
            self.inbox.consume();
            return Ok(true);
        };
        let (timeout_ns, grace_ns) = (launch.timeout_ns, launch.grace_ns);
        let started = self.desk.start(&mut self.spawner, &launch);
        drop(launch);
        self.inbox.consume();

        let (exit, runner_is_there) = match started {
            Err(failure) => (not_started(failure, self.desk.floor.bytes()), true),
            Ok(child) => {
                let supervisor = Supervisor::new(&child, timeout_ns, grace_ns);
                self.attend(supervisor)
            }
        };
        if !runner_is_there {
            return Ok(false);
        }
        let desk = &mut self.desk;
        let [stdout, stderr] = &desk.sinks;
        wire::encode_report(&mut desk.outbox, &exit, [&stdout.capture, &stderr.capture])?;
        wire::send_all(&self.socket, &desk.outbox)?;
        self.trim();
        Ok(true)
    }

    /// Stays with a child until it and its tree have ended; false when the runner is gone.
    fn attend(&mut self, mut supervisor: Supervisor<'_>) -> (Exit, bool) {
        let desk = &mut self.desk;
        let floor_bytes = desk.floor.bytes();
        let mut tee_errno = None;
        let mut runner_is_there = true;
        let mut sampler = desk.sampler(supervisor.child.spawned_ns);
        let mut watch = Watch::new(&desk.limits, desk.enforced, supervisor.child.spawned_ns);
        let mut tree_is_told = false;
        let ended_ns = loop {
            // An order may have come along with the launch, so look before waiting.
            while runner_is_there && self.inbox.frame().is_some() {
                match order(&mut self.inbox) {
                    Some(order) => supervisor.obey(order),
                    None => runner_is_there = false,
                }
            }
            if !runner_is_there {
                supervisor.kill();
            }
            let ends = desk.pipes.read_ends();
            let socket = runner_is_there.then(|| self.socket.as_fd());
            let wake_ns = sampler.as_ref().map_or(u64::MAX, Sampler::next_ns);
            let wake_ns = watch.as_ref().map_or(wake_ns, |watch| wake_ns.min(watch.next_ns()));
            let Ok(ready) = supervisor.wait(ends, socket, wake_ns) else {
                // Without poll there is no supervision; the end can still be waited for.
                supervisor.kill();
                break sys::monotonic_ns();
            };
            if let Some(ended_ns) = ready.ended_ns {
                break ended_ns;
            }
            for ((sink, end), output) in desk.sinks.iter_mut().zip(ends).zip(ready.output) {
                if output {
                    sink.drain(end, &mut desk.chunk, &mut tee_errno);
                }
            }
            if let Some(sampler) = &mut sampler {
                sampler.look(desk.group.as_ref());
            }
            let seen = watch.as_mut().and_then(|watch| watch.look(desk.group.as_ref()));
            if let Some(limit) = seen.or_else(|| desk.output_limit()) {
                // From here on the grace is watched.
                watch = None;
                supervisor.exceed(limit);
            }
            if supervisor.is_terminating() && !tree_is_told {
                // The group has been told; others may have left it.
                tree_is_told = true;
                tree::signal(desk.group.as_ref(), Signal::TERM);
                tree::signal(desk.group.as_ref(), Signal::CONT);
            }
            runner_is_there &= !ready.socket || receive(&mut self.inbox, &self.socket);
        };
        let times = [supervisor.child.spawned_ns, ended_ns];
        let mut exit = desk.finish(supervisor.child, supervisor.course(), tee_errno);
        [exit.spawned_ns, exit.ended_ns] = times;
        exit.rss_floor_bytes = floor_bytes;
        exit.cpus.clone_from(&supervisor.child.cpus);
        exit.counts = desk.counters.take();
        (exit.no_network, exit.read_only) = (desk.no_network, desk.read_only);
        let sampled_bytes = sampler.as_ref().map_or(0, Sampler::peak_bytes);
        if sampled_bytes > exit.usage.max_rss_bytes {
            exit.usage.max_rss_bytes = sampled_bytes;
            exit.memory_method = MemoryMethod::PssSampled;
        }
        desk.judge(&mut exit);
        (exit, runner_is_there)
    }

    fn trim(&mut self) {
        let desk = &mut self.desk;
        let mut trimmed = self.inbox.trim(KEPT_BYTES);
        trimmed |= wire::trim(&mut desk.outbox, KEPT_BYTES);
        for sink in &mut desk.sinks {
            trimmed |= sink.capture.trim(KEPT_BYTES);
        }
        if trimmed {
            desk.floor.slim();
        }
    }
}

impl Desk {
    /// Everything before and including the spawn.
    fn start(&mut self, spawner: &mut Spawner, launch: &Launch<'_>) -> Result<Child, FailedCall> {
        for sink in &mut self.sinks {
            sink.capture.reset(launch.capture_bytes);
            sink.tee = None;
        }
        if let Some((stdout, stderr)) = launch.tee {
            for (sink, path) in self.sinks.iter_mut().zip([stdout, stderr]) {
                sink.tee = Some(create(path)?);
            }
        }
        let pipes = self.pipes.prepare().map_err(failed("pipe"))?;
        if launch.counters {
            self.counters.begin();
        }
        self.group = self.group.take().and_then(ControlGroup::begin);
        self.limits = launch.limits;
        self.read_only = launch.writable.is_some();
        self.enforced =
            self.group.as_mut().map_or(Enforced::default(), |group| group.enforce(&launch.limits));
        match spawner.spawn(launch, pipes.write_ends(), self.group.as_ref()) {
            Err(failure) if failure.call == VISIT => {
                // A group that nobody can enter is of no use: the next way of counting is.
                self.group = None;
                self.enforced = Enforced::default();
                spawner.spawn(launch, pipes.write_ends(), None)
            }
            outcome => outcome,
        }
    }

    /// Peak memory is sampled where nothing better is there.
    fn sampler(&self, spawned_ns: u64) -> Option<Sampler> {
        let known = self.group.as_ref().is_some_and(ControlGroup::knows_memory)
            && self.accounting == Accounting::CgroupMemory;
        (!known && self.accounting > Accounting::Child).then(|| Sampler::new(spawned_ns))
    }

    /// Whether the child has written more than it may.
    fn output_limit(&self) -> Option<Limit> {
        let limit = self.limits.output_bytes?;
        (self.output_bytes() > limit).then_some(Limit::Output)
    }

    fn output_bytes(&self) -> u64 {
        self.sinks.iter().map(|sink| sink.capture.total_bytes()).sum()
    }

    /// Kills and reaps what a child has left; returns how many there were. The group kill comes
    /// first, because processes that multiply cannot be killed one by one.
    fn sweep(&mut self, before: &Before, usage: &mut Usage) -> (u32, bool) {
        let children = self.descendants.any();
        let killed = children && self.group.as_ref().is_some_and(ControlGroup::kill);
        let mut used = Usage::default();
        let leaked = self.descendants.sweep(before, &mut used);
        if self.accounting > Accounting::Child {
            usage.add(&used);
        }
        (leaked, killed)
    }

    /// Takes what the control group knows better than `wait4`, and makes it ready for the next
    /// child.
    fn settle(&mut self, usage: &mut Usage, killed: bool) -> Settled {
        let without = match self.accounting {
            Accounting::Child => CpuMethod::Wait4,
            _ => CpuMethod::Wait4Tree,
        };
        let Some(mut group) = self.group.take() else {
            return Settled { cpu_method: without, ..Settled::default() };
        };
        let empty = !killed || group.wait_empty();
        let mut settled = Settled { cpu_method: without, ..Settled::default() };
        settled.limit = group.limit_passed();
        if !empty {
            settled.survivors = u32::try_from(group.processes().len()).unwrap_or(u32::MAX);
        }
        if let Some(cpu) = group.cpu().filter(|_| empty) {
            (usage.user_ns, usage.sys_ns) = (cpu.user_ns, cpu.sys_ns);
            settled.cpu_method = CpuMethod::Cgroup;
        }
        let peak = group.peak_bytes().filter(|_| self.accounting == Accounting::CgroupMemory);
        if let Some(bytes) = peak {
            usage.max_rss_bytes = bytes;
            settled.memory_method = MemoryMethod::Cgroup;
        }
        self.group = if killed { group.renew() } else { Some(group) };
        settled
    }

    /// A limit that only the end shows, unless something else had ended the child before.
    fn judge(&self, exit: &mut Exit) {
        if exit.limit.is_some() || exit.timed_out || exit.terminated {
            return;
        }
        let peak_is_known = exit.memory_method != MemoryMethod::Wait4
            || exit.usage.max_rss_bytes > exit.rss_floor_bytes;
        let used = (&exit.usage, peak_is_known);
        exit.limit = limits::passed(&self.limits, &exit.ending, used, self.output_bytes());
    }

    /// Everything after the end of a child, which is unreaped: the order of steps matters.
    fn finish(&mut self, child: &Child, course: Course, mut tee_errno: Option<i32>) -> Exit {
        let before = self.descendants.before(child.pid, course.killed);
        signal_group(child.pid, Signal::KILL);
        let (ending, mut usage) = sys::reap(child.pid).unwrap_or_else(|error| {
            let errno = error.raw_os_error().unwrap_or(0);
            let call = "wait4".to_owned();
            (Ending::NotStarted { errno, call }, Usage::default())
        });
        let (leaked, killed) = self.sweep(&before, &mut usage);
        let settled = self.settle(&mut usage, killed);
        let mut clean = course == Course::default() && leaked == 0;
        for (sink, end) in self.sinks.iter_mut().zip(self.pipes.read_ends()) {
            clean &= sink.drain_rest(end, &mut self.chunk, &mut tee_errno);
            sink.tee = None;
        }
        if !clean {
            self.pipes.discard();
        }
        Exit {
            usage,
            cpu_method: settled.cpu_method,
            memory_method: settled.memory_method,
            timed_out: course.timed_out,
            limit: course.limit.or(settled.limit),
            survivors: settled.survivors,
            terminated: course.terminated,
            killed: course.killed,
            leaked,
            tee_errno,
            ..blank(ending)
        }
    }
}

/// What the control group of a child knew at its end.
#[derive(Default)]
struct Settled {
    cpu_method: CpuMethod,
    memory_method: MemoryMethod,
    /// The limit at which the kernel acted.
    limit: Option<Limit>,
    survivors: u32,
}

fn blank(ending: Ending) -> Exit {
    Exit {
        ending,
        spawned_ns: 0,
        ended_ns: 0,
        usage: Usage::default(),
        cpu_method: CpuMethod::default(),
        memory_method: MemoryMethod::default(),
        rss_floor_bytes: 0,
        timed_out: false,
        counts: Counts::default(),
        cpus: Vec::new(),
        no_network: false,
        read_only: false,
        limit: None,
        survivors: 0,
        terminated: false,
        killed: false,
        leaked: 0,
        tee_errno: None,
        stdout: Captured::default(),
        stderr: Captured::default(),
    }
}

fn not_started(failure: FailedCall, rss_floor_bytes: u64) -> Exit {
    let now = sys::monotonic_ns();
    Exit {
        spawned_ns: now,
        ended_ns: now,
        rss_floor_bytes,
        ..blank(Ending::NotStarted { errno: failure.errno, call: failure.call.to_owned() })
    }
}

fn create(path: &CStr) -> Result<File, FailedCall> {
    File::create(OsStr::from_bytes(path.to_bytes()))
        .map_err(|error| FailedCall { errno: error.raw_os_error().unwrap_or(0), call: "open tee" })
}

/// Receives what there is; false when the runner is gone.
fn receive(inbox: &mut Inbox, socket: &OwnedFd) -> bool {
    match inbox.fill(socket, RecvFlags::DONTWAIT) {
        Ok(there) => there,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Takes an order from the inbox. `None` for nonsense, as a second child would be.
fn order(inbox: &mut Inbox) -> Option<Order> {
    let order = match wire::decode_request(inbox.frame()?).ok()? {
        Request::Launch(_) => return None,
        Request::Terminate => Order::Terminate,
        Request::Kill => Order::Kill,
    };
    inbox.consume();
    Some(order)
}

/// Confines this process; children keep what it had, or what they are given.
fn confine(confinement: &Confinement) -> io::Result<Option<Affinity>> {
    let had = rustix::thread::sched_getaffinity(None)?;
    let children = cpu_set(&confinement.child_cpus).unwrap_or(had);
    let pinned: Vec<usize> = confinement.pin_to_cpu.into_iter().collect();
    let launcher = cpu_set(&pinned).unwrap_or(had);
    if children == launcher {
        return Ok(None);
    }
    rustix::thread::sched_setaffinity(None, &launcher)?;
    Ok(Some(Affinity { children }))
}
