//! What a sandboxed child cannot do: reach the network, or change files outside its directories.
//!
//! Files by Landlock (landlock(7)), which a child lays on itself between its birth and `execve`;
//! the network by a namespace (network_namespaces(7)) that a launcher enters at its start, so that
//! it costs its children nothing. Refuses to do half of what was asked for: what the kernel does
//! not have is the error of a call.

#![expect(unsafe_code, reason = "Landlock and unshare have no safe wrapper that fits here")]

use std::ffi::{CStr, c_int};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::ptr;

use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::sys::FailedCall;

/// What a child is kept from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// It has no network but a loopback device that it shares with other trials of its slot. Such
    /// a command needs a launcher that has left the network.
    pub no_network: bool,
    /// All that it may change below; `None` for whatever the user may. Some devices that hold
    /// nothing, such as `/dev/null`, may always be written.
    pub writable: Option<Vec<PathBuf>>,
}

/// The Landlock version from which on truncating a file is a change (Linux 6.2).
const LEAST_ABI: i32 = 3;

/// Rights of `linux/landlock.h` that change something: all but execute, read a file, read a
/// directory.
const WRITE_FILE: u64 = 1 << 1;
const TRUNCATE: u64 = 1 << 14;
const CHANGES: u64 = (1 << 15) - 1 - (1 << 0) - (1 << 2) - (1 << 3);

/// Devices without content.
const DEVICES: [&CStr; 4] = [c"/dev/null", c"/dev/zero", c"/dev/full", c"/dev/tty"];

/// `landlock_ruleset_attr`, as far as the first version knows it.
#[repr(C)]
struct RulesetAttributes {
    handled_access_fs: u64,
}

/// `landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed_access: u64,
    parent_fd: c_int,
}

/// A set of rules under which nothing can be changed but below these directories and files.
pub(super) fn read_only_but(writable: &[&CStr]) -> Result<OwnedFd, FailedCall> {
    // SAFETY: with a null pointer, no size and this flag the call returns the version.
    let abi = unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<u8>(), 0_usize, 1_u32)
    };
    if abi < i64::from(LEAST_ABI) {
        let errno = if abi < 0 { last_errno() } else { libc::EOPNOTSUPP };
        return Err(FailedCall { errno, call: "landlock_create_ruleset" });
    }
    let attributes = RulesetAttributes { handled_access_fs: CHANGES };
    // SAFETY: the structure lives during the call and has the size that is given.
    let ruleset = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const attributes,
            size_of::<RulesetAttributes>(),
            0_u32,
        )
    };
    let Ok(ruleset @ 0..) = c_int::try_from(ruleset) else {
        return Err(failed("landlock_create_ruleset"));
    };
    // SAFETY: the kernel has just made this descriptor and nobody else knows of it.
    let ruleset = unsafe { OwnedFd::from_raw_fd(ruleset) };
    for path in writable {
        allow(&ruleset, path)?;
    }
    for device in DEVICES {
        // One that is not there needs no rule.
        if rustix::fs::access(device, rustix::fs::Access::EXISTS).is_ok() {
            allow(&ruleset, device)?;
        }
    }
    Ok(ruleset)
}

fn allow(ruleset: &OwnedFd, path: &CStr) -> Result<(), FailedCall> {
    let of_call = |errno: rustix::io::Errno| FailedCall {
        errno: errno.raw_os_error(),
        call: "open a writable directory",
    };
    let opened = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let opened = opened.map_err(of_call)?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&opened).map_err(of_call)?.st_mode);
    // A file can only have the rights that mean something for a file.
    let allowed = if kind == FileType::Directory { CHANGES } else { WRITE_FILE | TRUNCATE };
    let rule = PathBeneath { allowed_access: allowed, parent_fd: opened.as_raw_fd() };
    // SAFETY: the structure lives during the call and is of the kind that 1 names.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            ruleset.as_raw_fd(),
            1_u32,
            &raw const rule,
            0_u32,
        )
    };
    if outcome < 0 { Err(failed("landlock_add_rule")) } else { Ok(()) }
}

/// Lays the rules on the calling thread and all that it starts, for good. Async-signal-safe: to be
/// called between the birth of a child and `execve`. False with `errno` set when it fails.
pub(super) fn restrict_self(ruleset: BorrowedFd<'_>) -> bool {
    // SAFETY: both calls take integers and change only the calling thread.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1_u64, 0_u64, 0_u64, 0_u64) == 0
            && libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0_u32) == 0
    }
}

/// Leaves the network for good: this process and its children are in a network of their own, which
/// has only a loopback device. Without the privilege for that a user namespace is entered, in
/// which the user is the same. To be called while there is one thread.
pub(super) fn leave_network() -> io::Result<()> {
    // SAFETY: takes an integer and changes only what this process sees.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0 {
        return raise_loopback();
    }
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    // SAFETY: as before.
    if unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // A group can be mapped only by who has given up changing groups (user_namespaces(7)).
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.as_raw()))?;
    fs::write("/proc/self/gid_map", format!("{0} {0} 1", group.as_raw()))?;
    raise_loopback()
}

/// `SIOCSIFFLAGS` of netdevice(7), whose type is not in every C library the one that ioctl(2) takes.
const SET_FLAGS: libc::Ioctl = 0x8914;

/// Programs that talk to themselves over the loopback device go on to work.
fn raise_loopback() -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    // SAFETY: a C struct of integers and a union of them, for which all bits zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(b"lo") {
        *place = libc::c_char::from_ne_bytes([*byte]);
    }
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(libc::c_short::MAX);
    // SAFETY: the structure is what this request takes, and lives during the call.
    let outcome = unsafe { libc::ioctl(socket.as_raw_fd(), SET_FLAGS, &raw const request) };
    if outcome < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn failed(call: &'static str) -> FailedCall {
    FailedCall { errno: last_errno(), call }
}

fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}
