//! CPU time of the calling thread, from `getrusage(2)`: no safe wrapper exists.

/// CPU time, in ns at the kernel's µs resolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In user mode.
    pub user_ns: u64,
    /// In the kernel on behalf of the thread.
    pub sys_ns: u64,
}

impl CpuTime {
    /// What was used since an earlier reading.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            user_ns: self.user_ns.saturating_sub(earlier.user_ns),
            sys_ns: self.sys_ns.saturating_sub(earlier.sys_ns),
        }
    }
}

/// What the calling thread has used since it was created.
#[must_use]
pub fn thread_usage() -> CpuTime {
    let usage = thread_rusage();
    CpuTime { user_ns: nanoseconds(usage.ru_utime), sys_ns: nanoseconds(usage.ru_stime) }
}

#[expect(unsafe_code, reason = "getrusage has no safe wrapper")]
fn thread_rusage() -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is valid for the write of one `rusage`; the call keeps nothing.
    let code = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    debug_assert_eq!(code, 0, "RUSAGE_THREAD is known since Linux 2.6.26");
    // SAFETY: a `rusage` of zeros is a valid value, whatever the call did.
    unsafe { usage.assume_init() }
}

fn nanoseconds(time: libc::timeval) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    seconds * 1_000_000_000 + micros * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_is_counted() {
        let before = thread_usage();
        let busy = std::thread::scope(|scope| {
            let spinner = scope.spawn(|| {
                while thread_usage().user_ns + thread_usage().sys_ns < 20_000_000 {}
                thread_usage()
            });
            spinner.join().unwrap()
        });
        let here = thread_usage().since(before);
        assert!(here.user_ns + here.sys_ns < busy.user_ns + busy.sys_ns);
    }
}
