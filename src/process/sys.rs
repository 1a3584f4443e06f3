//! System calls without a safe wrapper, each behind a safe function.
//!
//! With `sandbox` and `counters` the only `unsafe` code of the crate. It refuses policy: what to start, when to signal and what
//! to make of a status is decided by its callers.

#![expect(unsafe_code, reason = "clone, wait4, sigaction and madvise have no safe wrapper")]

use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use rustix::process::Pid;
use rustix::thread::CpuSet;

use super::exit::{Ending, Usage};
use super::sandbox;

/// Now on `CLOCK_MONOTONIC`, in ns.
pub(super) fn monotonic_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).expect("the monotonic clock is not negative");
    let nanos = u64::try_from(time.tv_nsec).expect("the monotonic clock is not negative");
    seconds * 1_000_000_000 + nanos
}

/// CPUs of the machine that work, at least 1.
pub(super) fn online_cpus() -> u64 {
    // SAFETY: reads a number of the system.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    u64::try_from(count).unwrap_or(1).max(1)
}

/// Reaps one child, waiting for its end: how it ended, what it used.
pub(super) fn reap(pid: Pid) -> io::Result<(Ending, Usage)> {
    loop {
        match wait4(pid.as_raw_nonzero().get(), 0) {
            Ok(Some((_, ending, usage))) => return Ok((ending, usage)),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reaps any child that has ended already. `ECHILD` when there is no child at all.
pub(super) fn reap_any() -> io::Result<Option<(Pid, Ending, Usage)>> {
    wait4(-1, libc::WNOHANG)
}

fn wait4(pid: libc::pid_t, options: c_int) -> io::Result<Option<(Pid, Ending, Usage)>> {
    let mut status = 0;
    // SAFETY: `rusage` is a C struct of integers, for which all bits zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live, writable places of the right types.
    let reaped = unsafe { libc::wait4(pid, &raw mut status, options, &raw mut usage) };
    if reaped < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(reaped).map(|pid| (pid, ending(status), usage_of(&usage))))
}

fn ending(status: c_int) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Signalled(libc::WTERMSIG(status))
    } else {
        Ending::Exited(libc::WEXITSTATUS(status))
    }
}

fn usage_of(usage: &libc::rusage) -> Usage {
    let count = |n: libc::c_long| u64::try_from(n).unwrap_or(0);
    let nanos = |time: libc::timeval| {
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
            + u64::try_from(time.tv_usec).unwrap_or(0) * 1_000
    };
    Usage {
        user_ns: nanos(usage.ru_utime),
        sys_ns: nanos(usage.ru_stime),
        max_rss_bytes: count(usage.ru_maxrss) * 1024,
        // The kernel counts in sectors of 512 bytes, whatever the device has.
        read_bytes: count(usage.ru_inblock) * 512,
        written_bytes: count(usage.ru_oublock) * 512,
        minor_faults: count(usage.ru_minflt),
        major_faults: count(usage.ru_majflt),
        vol_ctx_switches: count(usage.ru_nvcsw),
        invol_ctx_switches: count(usage.ru_nivcsw),
    }
}

/// Gives every signal its default disposition and blocks none. Children inherit both: what is
/// ignored stays ignored through `execve`.
pub(super) fn default_signals() {
    const LAST: c_int = 64;
    // The kernel's structure, not the C library's, which refuses the two numbers that it keeps
    // for itself and that a parent may have left ignored. All zero is `SIG_DFL`, no flags.
    let default = [0_u64; 4];
    for signal in 1..=LAST {
        // SAFETY: the structure is as long as the kernel's or longer, `SIG_DFL` runs no code of
        // ours, and KILL and STOP are refused with an error, which is what is wanted.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
    // SAFETY: `sigset_t` is a C struct of integers; `sigemptyset` then writes all of it, and the
    // mask that is set is that of this thread only.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Marks every descriptor from `first` on as close-on-exec, so that no child sees what the
/// launcher happened to inherit.
pub(super) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: the call takes three integers and closes nothing because of the flag.
    let outcome =
        unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if outcome < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Lets the kernel drop the pages of a mapping that holds unmodified program text; they come back
/// from the page cache when they are next used. An address that is not mapped is an error.
pub(super) fn drop_text_pages(text: &TextMapping) -> io::Result<()> {
    // SAFETY: a `TextMapping` is file-backed, executable and not writable, so its pages hold what
    // the file holds and dropping them loses nothing.
    let outcome = unsafe {
        libc::madvise(
            ptr::without_provenance_mut(text.start),
            text.end - text.start,
            libc::MADV_DONTNEED,
        )
    };
    if outcome < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// An executable, unwritable, file-backed mapping of this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TextMapping {
    start: usize,
    end: usize,
}

impl TextMapping {
    /// Reads one line of `/proc/self/maps`; `None` for every other kind of mapping.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        if fields.next()? != "r-xp" || !fields.nth(3)?.starts_with('/') {
            return None;
        }
        Some(Self {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
        })
    }
}

/// A NULL-terminated array of strings, as `execve` takes it.
pub(super) struct StringArray<'a> {
    pointers: Vec<*const c_char>,
    strings: PhantomData<&'a CStr>,
}

impl<'a> StringArray<'a> {
    /// Points at the strings where they lie.
    pub(super) fn new(strings: &[&'a CStr]) -> Self {
        let mut pointers = Vec::with_capacity(strings.len() + 1);
        pointers.extend(strings.iter().map(|string| string.as_ptr()));
        pointers.push(ptr::null());
        Self { pointers, strings: PhantomData }
    }
}

/// What [`clone_and_exec`] starts.
pub(super) struct Image<'a> {
    pub program: &'a CStr,
    pub argv: StringArray<'a>,
    pub env: StringArray<'a>,
    pub cwd: &'a CStr,
    /// What become descriptors 0, 1 and 2; each above 2 itself.
    pub stdio: [BorrowedFd<'a>; 3],
    /// Where the child may run; `None` where its parent may.
    pub cpus: Option<&'a CpuSet>,
    /// The caller.
    pub parent: Pid,
    /// Length that no file may exceed that it writes, in bytes.
    pub file_bytes: Option<u64>,
    /// Its priority.
    pub nice: Option<i32>,
    /// Rules of what it may change.
    pub ruleset: Option<BorrowedFd<'a>>,
    /// Directory of the control group in which it is born.
    pub group: Option<BorrowedFd<'a>>,
}

/// Lets `std` lay the rules on the child before `execve`. It then forks, which a small process as
/// the launcher can afford.
pub(super) fn restrict_before_exec(command: &mut std::process::Command, ruleset: OwnedFd) {
    let restrict = move || match sandbox::restrict_self(ruleset.as_fd()) {
        true => Ok(()),
        false => Err(io::Error::last_os_error()),
    };
    // SAFETY: the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(restrict) };
}

/// The stack on which a child runs until `execve`; kept, so that its pages are touched once.
pub(super) struct Stack(Box<[u128]>);

impl Stack {
    const SLOTS: usize = 4096;

    /// 64 KiB, of which a child uses little.
    pub(super) fn new() -> Self {
        Self(vec![0; Self::SLOTS].into_boxed_slice())
    }

    fn top(&mut self) -> *mut c_void {
        self.0.as_mut_ptr_range().end.cast()
    }
}

/// A step of the child before `execve` that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FailedCall {
    pub errno: i32,
    pub call: &'static str,
}

const STEPS: [&str; 9] = [
    "setpgid",
    "sched_setaffinity",
    "prctl",
    "chdir",
    "dup2",
    "execve",
    "setrlimit",
    "setpriority",
    "landlock_restrict_self",
];

/// What parent and child share during the spawn.
struct Shared<'a> {
    image: &'a Image<'a>,
    errno: AtomicI32,
    step: AtomicU8,
}

/// Starts a child in a process group of its own, which dies with its parent. The child shares
/// the caller's memory until `execve`, so this costs the same whatever the caller's size.
pub(super) fn clone_and_exec(
    image: &Image<'_>,
    stack: &mut Stack,
) -> Result<(Pid, OwnedFd), FailedCall> {
    let shared = Shared { image, errno: AtomicI32::new(0), step: AtomicU8::new(0) };
    let mut pidfd: c_int = -1;
    let pid = match image.group {
        Some(group) => clone_into(&shared, stack, group, &mut pidfd),
        None => clone_here(&shared, stack, &mut pidfd),
    };
    let Some(pid) = (pid > 0).then(|| Pid::from_raw(pid)).flatten() else {
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let call = if image.group.is_some() { CLONE_INTO } else { "clone" };
        return Err(FailedCall { errno, call });
    };
    // SAFETY: the kernel has just made this descriptor and nobody else knows of it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let errno = shared.errno.load(Ordering::Relaxed);
    if errno == 0 {
        return Ok((pid, pidfd));
    }
    // It has exited already; its end says nothing beyond the failed call.
    let _ = reap(pid);
    let call = STEPS[usize::from(shared.step.load(Ordering::Relaxed))];
    Err(FailedCall { errno, call })
}

fn clone_here(shared: &Shared<'_>, stack: &mut Stack, pidfd: &mut c_int) -> libc::pid_t {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    // SAFETY: VFORK suspends this thread until the child has exec'd or exited, so `shared`, the
    // stack (16-byte aligned, exclusively borrowed, growing down from its end) and everything the
    // image borrows outlive its use of them; `child_main` makes only async-signal-safe calls,
    // never unwinds and never returns here. With CLONE_PIDFD the kernel writes one descriptor
    // through the fifth argument.
    unsafe {
        libc::clone(
            child_main,
            stack.top(),
            flags,
            ptr::from_ref(shared).cast_mut().cast(),
            ptr::from_mut(pidfd),
        )
    }
}

/// The call of [`FailedCall`] when a child could not be born in its group; nothing was started.
pub(super) const CLONE_INTO: &str = "clone3";

/// `CLONE_INTO_CGROUP` of `linux/sched.h`.
#[cfg(target_arch = "x86_64")]
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// The C library has no wrapper for `clone3`, and a child with a stack of its own cannot return
/// through one: so the call and the child's first steps are written out.
#[cfg(target_arch = "x86_64")]
fn clone_into(
    shared: &Shared<'_>,
    stack: &mut Stack,
    group: BorrowedFd<'_>,
    pidfd: &mut c_int,
) -> libc::pid_t {
    // SAFETY: a C struct of integers, for which all bits zero is a value.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD;
    arguments.flags = u64::from(flags.cast_unsigned()) | CLONE_INTO_CGROUP;
    arguments.pidfd = ptr::from_mut(pidfd).addr() as u64;
    arguments.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    arguments.stack = stack.0.as_mut_ptr().addr() as u64;
    arguments.stack_size = size_of_val(&*stack.0) as u64;
    arguments.cgroup = u64::from(group.as_raw_fd().cast_unsigned());
    let outcome: i64;
    // SAFETY: as for `clone_here`. The parent falls through the jump with its registers as they
    // were, but for those that a system call writes. The child begins on its own, 16-byte aligned
    // stack with the parent's registers, calls `child_main`, which never returns, and so never
    // reaches code of this function.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            in("r12") ptr::from_ref(shared),
            in("r13") child_main as extern "C" fn(*mut c_void) -> c_int,
            inlateout("rax") libc::SYS_clone3 => outcome,
            in("rdi") &raw const arguments,
            in("rsi") size_of::<libc::clone_args>(),
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    if outcome < 0 {
        set_errno(-outcome);
    }
    libc::pid_t::try_from(outcome).unwrap_or(-1)
}

/// Only written for one architecture: elsewhere the launcher itself visits the group.
#[cfg(not(target_arch = "x86_64"))]
fn clone_into(_: &Shared<'_>, _: &mut Stack, _: BorrowedFd<'_>, _: &mut c_int) -> libc::pid_t {
    set_errno(i64::from(libc::ENOSYS));
    -1
}

fn set_errno(errno: i64) {
    // SAFETY: the pointer is to this thread's own number.
    unsafe { *libc::__errno_location() = i32::try_from(errno).unwrap_or(libc::EINVAL) };
}

/// The child between `clone` and `execve`.
extern "C" fn child_main(argument: *mut c_void) -> c_int {
    // SAFETY: `clone_and_exec` passes a `Shared` that lives until this child execs or exits.
    let shared = unsafe { &*argument.cast::<Shared<'_>>() };
    let failed = prepare_and_exec(shared.image);
    // SAFETY: reads this thread's `errno`, which is also the suspended parent's.
    let errno = unsafe { *libc::__errno_location() };
    shared.step.store(failed, Ordering::Relaxed);
    shared.errno.store(errno, Ordering::Relaxed);
    // SAFETY: ends this process at once without running exit handlers of the shared memory.
    unsafe { libc::_exit(127) }
}

/// Returns only if a step fails: its place in [`STEPS`].
fn prepare_and_exec(image: &Image<'_>) -> u8 {
    // SAFETY: raw calls on integers and on pointers that the image keeps alive: `cwd` and
    // `program` are NUL-terminated, `argv` and `env` NULL-terminated arrays of such strings, and
    // `CpuSet` is the kernel's own representation of a set of CPUs.
    unsafe {
        if libc::setpgid(0, 0) < 0 {
            return 0;
        }
        if let Some(cpus) = image.cpus {
            let bytes = size_of::<CpuSet>();
            if libc::sched_setaffinity(0, bytes, ptr::from_ref(cpus).cast()) < 0 {
                return 1;
            }
        }
        // The kernel reads a whole register here.
        if libc::prctl(libc::PR_SET_PDEATHSIG, c_ulong::from(libc::SIGKILL.cast_unsigned())) < 0 {
            return 2;
        }
        if libc::getppid() != image.parent.as_raw_nonzero().get() {
            // The parent died before the death signal was set: nobody is there to be told.
            libc::_exit(127);
        }
        if libc::chdir(image.cwd.as_ptr()) < 0 {
            return 3;
        }
        for (target, source) in (0..).zip(image.stdio) {
            if libc::dup2(source.as_raw_fd(), target) < 0 {
                return 4;
            }
        }
        if let Some(bytes) = image.file_bytes {
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            if libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) < 0 {
                return 6;
            }
        }
        if let Some(nice) = image.nice
            && libc::setpriority(libc::PRIO_PROCESS, 0, nice) < 0
        {
            return 7;
        }
        if let Some(ruleset) = image.ruleset
            && !sandbox::restrict_self(ruleset)
        {
            return 8;
        }
        libc::execve(
            image.program.as_ptr(),
            image.argv.pointers.as_ptr(),
            image.env.pointers.as_ptr(),
        );
    }
    5
}

#[cfg(test)]
mod tests {
    use super::TextMapping;

    #[test]
    fn only_unwritable_program_text_from_a_file_may_be_dropped() {
        let text = TextMapping::parse("1000-3000 r-xp 00002000 08:01 12 /usr/bin/true");
        assert_eq!(text, Some(TextMapping { start: 0x1000, end: 0x3000 }));
        for other in [
            "1000-3000 r--p 00002000 08:01 12 /usr/bin/true",
            "1000-3000 rw-p 00002000 08:01 12 /usr/bin/true",
            "1000-3000 r-xp 00000000 00:00 0 [vdso]",
            "1000-3000 r-xp 00000000 00:00 0",
        ] {
            assert_eq!(TextMapping::parse(other), None, "{other}");
        }
    }
}
