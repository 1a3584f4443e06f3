//! The messages between runner and launcher: length-prefixed frames on a stream socket.
//!
//! A stream, because an argument vector may be longer than a packet. Strings carry their NUL, so
//! that the launcher hands them to `execve` where they lie. It refuses strings with a NUL inside.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::accounting::{CpuMethod, MemoryMethod};
use super::capture::Capture;
use super::codec::{Decoder, Encoder, HEADER, malformed, refused};
use super::command::Command;
use super::counters::Counts;
use super::exit::{Captured, Ending, Exit, Usage};
use super::limits::{Limit, Limits};

const READ_AHEAD: usize = 4096;

const LAUNCH: u8 = 1;
const TERMINATE: u8 = 2;
const KILL: u8 = 3;
const READY: u8 = 4;
const REPORT: u8 = 5;

const EXITED: u8 = 0;
const SIGNALLED: u8 = 1;
const NOT_STARTED: u8 = 2;

/// What the runner asks for.
pub(super) enum Request<'a> {
    Launch(Box<Launch<'a>>),
    Terminate,
    Kill,
}

/// A [`Command`] as it lies in the receive buffer.
pub(super) struct Launch<'a> {
    pub program: &'a CStr,
    pub cwd: &'a CStr,
    pub stdin: Option<&'a CStr>,
    pub tee: Option<(&'a CStr, &'a CStr)>,
    pub argv: Vec<&'a CStr>,
    pub env: Vec<&'a CStr>,
    pub timeout_ns: u64,
    pub grace_ns: u64,
    pub limits: Limits,
    /// All that may be changed, where that is limited.
    pub writable: Option<Vec<&'a CStr>>,
    pub cpus: Vec<usize>,
    pub nice: Option<i32>,
    pub counters: bool,
    pub capture_bytes: usize,
}

/// What the launcher says.
pub(super) enum Reply {
    /// Once, after start-up.
    Ready(Ready),
    Report(Box<Exit>),
}

/// What a launcher says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    /// Peak resident set in bytes.
    pub rss_floor_bytes: u64,
    /// Why it could not leave the network, when it should; 0 when all is well.
    pub network_errno: i32,
}

/// Bytes that have arrived, cut into frames.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// Receives what is there; `Ok(false)` at end-of-file.
    pub fn fill(&mut self, socket: impl AsFd, flags: RecvFlags) -> io::Result<bool> {
        let wanted = self.frame_bytes().map_or(0, |n| n.saturating_sub(self.bytes.len()));
        self.bytes.reserve(wanted.max(READ_AHEAD));
        loop {
            let spare = rustix::buffer::spare_capacity(&mut self.bytes);
            match rustix::net::recv(&socket, spare, flags) {
                Ok((_, received)) => return Ok(received > 0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// The first frame without its header, if it is complete.
    pub fn frame(&self) -> Option<&[u8]> {
        let end = self.frame_bytes()?;
        self.bytes.get(HEADER..end)
    }

    /// Drops the first frame.
    pub fn consume(&mut self) {
        let end = self.frame_bytes().unwrap_or(0).min(self.bytes.len());
        self.bytes.drain(..end);
    }

    /// Gives memory back above `limit` bytes; says whether there was any.
    pub fn trim(&mut self, limit: usize) -> bool {
        trim(&mut self.bytes, limit)
    }

    fn frame_bytes(&self) -> Option<usize> {
        let header = self.bytes.first_chunk::<HEADER>()?;
        Some(HEADER + u32::from_le_bytes(*header) as usize)
    }
}

/// Gives memory of a buffer back above `limit` bytes; says whether there was any.
pub(super) fn trim(buffer: &mut Vec<u8>, limit: usize) -> bool {
    if buffer.capacity() <= limit {
        return false;
    }
    buffer.shrink_to(limit);
    true
}

/// Sends all bytes; a peer that is gone is an error and no signal.
pub(super) fn send_all(socket: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::net::send(&socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Writes the frame of a launch.
pub(super) fn encode_launch(buffer: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    if !command.program.is_absolute() {
        return Err(refused("the program's path is not absolute"));
    }
    if command.argv.is_empty() {
        return Err(refused("an empty argument vector"));
    }
    let mut out = Encoder::new(buffer, LAUNCH);
    out.string(&[command.program.as_os_str().as_bytes()])?;
    out.string(&[command.cwd.as_os_str().as_bytes()])?;
    out.u8(u8::from(command.stdin.is_some()));
    if let Some(path) = &command.stdin {
        out.string(&[path.as_os_str().as_bytes()])?;
    }
    out.u8(u8::from(command.tee.is_some()));
    if let Some((stdout, stderr)) = &command.tee {
        out.string(&[stdout.as_os_str().as_bytes()])?;
        out.string(&[stderr.as_os_str().as_bytes()])?;
    }
    out.count(command.argv.len())?;
    for argument in &command.argv {
        out.string(&[argument.as_bytes()])?;
    }
    out.count(command.env.len())?;
    for (name, value) in &command.env {
        out.string(&[name.as_bytes(), b"=", value.as_bytes()])?;
    }
    out.u64(nanos(command.timeout));
    out.u64(nanos(command.grace));
    encode_limits(&mut out, &command.limits);
    out.u8(u8::from(command.sandbox.writable.is_some()));
    let writable = command.sandbox.writable.as_deref().unwrap_or_default();
    out.count(writable.len())?;
    for path in writable {
        out.string(&[path.as_os_str().as_bytes()])?;
    }
    encode_cpus(&mut out, &command.cpus)?;
    out.u8(u8::from(command.nice.is_some()));
    out.u32(command.nice.unwrap_or(0).cast_unsigned());
    out.u8(u8::from(command.counters));
    out.u64(command.capture_bytes as u64);
    out.finish()
}

fn encode_cpus(out: &mut Encoder<'_>, cpus: &[usize]) -> io::Result<()> {
    out.count(cpus.len())?;
    for &cpu in cpus {
        out.u32(u32::try_from(cpu).map_err(|_| refused("a CPU with an impossible number"))?);
    }
    Ok(())
}

fn decode_cpus(from: &mut Decoder<'_>) -> io::Result<Vec<usize>> {
    (0..from.u32()?).map(|_| Ok(from.u32()? as usize)).collect()
}

fn encode_limits(out: &mut Encoder<'_>, limits: &Limits) {
    for limit in [
        limits.cpu.map(nanos),
        limits.memory_bytes,
        limits.processes.map(u64::from),
        limits.output_bytes,
        limits.file_bytes,
    ] {
        out.u8(u8::from(limit.is_some()));
        out.u64(limit.unwrap_or(0));
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes the frame of a request for TERM.
pub(super) fn encode_terminate(buffer: &mut Vec<u8>) -> io::Result<()> {
    Encoder::new(buffer, TERMINATE).finish()
}

/// Writes the frame of a request for KILL.
pub(super) fn encode_kill(buffer: &mut Vec<u8>) -> io::Result<()> {
    Encoder::new(buffer, KILL).finish()
}

/// Reads a frame that the runner sent.
pub(super) fn decode_request(frame: &[u8]) -> io::Result<Request<'_>> {
    let mut from = Decoder(frame);
    match from.u8()? {
        LAUNCH => Ok(Request::Launch(Box::new(decode_launch(&mut from)?))),
        TERMINATE => Ok(Request::Terminate),
        KILL => Ok(Request::Kill),
        _ => Err(malformed()),
    }
}

fn decode_launch<'a>(from: &mut Decoder<'a>) -> io::Result<Launch<'a>> {
    let program = from.string()?;
    let cwd = from.string()?;
    let stdin = match from.u8()? {
        0 => None,
        _ => Some(from.string()?),
    };
    let tee = match from.u8()? {
        0 => None,
        _ => Some((from.string()?, from.string()?)),
    };
    Ok(Launch {
        program,
        cwd,
        stdin,
        tee,
        argv: from.strings()?,
        env: from.strings()?,
        timeout_ns: from.u64()?,
        grace_ns: from.u64()?,
        limits: decode_limits(from)?,
        writable: {
            let is_limited = from.u8()? != 0;
            let writable = from.strings()?;
            is_limited.then_some(writable)
        },
        cpus: decode_cpus(from)?,
        nice: {
            let is_there = from.u8()? != 0;
            let nice = from.i32()?;
            is_there.then_some(nice)
        },
        counters: from.u8()? != 0,
        capture_bytes: usize::try_from(from.u64()?).unwrap_or(usize::MAX),
    })
}

fn decode_limits(from: &mut Decoder<'_>) -> io::Result<Limits> {
    let mut limit = || -> io::Result<Option<u64>> {
        let is_there = from.u8()? != 0;
        let number = from.u64()?;
        Ok(is_there.then_some(number))
    };
    Ok(Limits {
        cpu: limit()?.map(Duration::from_nanos),
        memory_bytes: limit()?,
        processes: limit()?.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
        output_bytes: limit()?,
        file_bytes: limit()?,
    })
}

/// Writes the frame that ends the start-up.
pub(super) fn encode_ready(buffer: &mut Vec<u8>, ready: Ready) -> io::Result<()> {
    let mut out = Encoder::new(buffer, READY);
    out.u64(ready.rss_floor_bytes);
    out.u32(ready.network_errno.cast_unsigned());
    out.finish()
}

/// Writes the frame of a report. The streams are taken from the captures, not from the exit.
pub(super) fn encode_report(
    buffer: &mut Vec<u8>,
    exit: &Exit,
    streams: [&Capture; 2],
) -> io::Result<()> {
    let mut out = Encoder::new(buffer, REPORT);
    match &exit.ending {
        Ending::Exited(code) => {
            out.u8(EXITED);
            out.u32(code.cast_unsigned());
        }
        Ending::Signalled(signal) => {
            out.u8(SIGNALLED);
            out.u32(signal.cast_unsigned());
        }
        Ending::NotStarted { errno, call } => {
            out.u8(NOT_STARTED);
            out.u32(errno.cast_unsigned());
            out.bytes(call.as_bytes())?;
        }
    }
    out.u64(exit.spawned_ns);
    out.u64(exit.ended_ns);
    encode_usage(&mut out, &exit.usage);
    out.u8(exit.cpu_method as u8);
    out.u8(exit.memory_method as u8);
    out.u64(exit.rss_floor_bytes);
    let flags = [exit.timed_out, exit.terminated, exit.killed, exit.no_network, exit.read_only];
    for flag in flags {
        out.u8(u8::from(flag));
    }
    for count in exit.counts {
        out.u8(u8::from(count.is_some()));
        out.u64(count.unwrap_or(0));
    }
    encode_cpus(&mut out, &exit.cpus)?;
    // 0 for none, else one more than its place in the list.
    let place = Limit::ALL.iter().position(|limit| Some(*limit) == exit.limit);
    out.u8(place.map_or(0, |place| u8::try_from(place + 1).unwrap_or(0)));
    out.u32(exit.leaked);
    out.u32(exit.survivors);
    out.u8(u8::from(exit.tee_errno.is_some()));
    out.u32(exit.tee_errno.unwrap_or(0).cast_unsigned());
    for stream in streams {
        out.bytes(stream.head())?;
        let (older, newer) = stream.tail();
        out.count(older.len() + newer.len())?;
        out.0.extend_from_slice(older);
        out.0.extend_from_slice(newer);
        out.u64(stream.omitted());
    }
    out.finish()
}

fn encode_usage(out: &mut Encoder<'_>, usage: &Usage) {
    for number in [
        usage.user_ns,
        usage.sys_ns,
        usage.max_rss_bytes,
        usage.read_bytes,
        usage.written_bytes,
        usage.minor_faults,
        usage.major_faults,
        usage.vol_ctx_switches,
        usage.invol_ctx_switches,
    ] {
        out.u64(number);
    }
}

/// Reads a frame that the launcher sent.
pub(super) fn decode_reply(frame: &[u8]) -> io::Result<Reply> {
    let mut from = Decoder(frame);
    match from.u8()? {
        READY => {
            Ok(Reply::Ready(Ready { rss_floor_bytes: from.u64()?, network_errno: from.i32()? }))
        }
        REPORT => Ok(Reply::Report(Box::new(decode_exit(&mut from)?))),
        _ => Err(malformed()),
    }
}

fn decode_exit(from: &mut Decoder<'_>) -> io::Result<Exit> {
    Ok(Exit {
        ending: decode_ending(from)?,
        spawned_ns: from.u64()?,
        ended_ns: from.u64()?,
        usage: decode_usage(from)?,
        cpu_method: pick(&CpuMethod::ALL, from.u8()?)?,
        memory_method: pick(&MemoryMethod::ALL, from.u8()?)?,
        rss_floor_bytes: from.u64()?,
        timed_out: from.u8()? != 0,
        terminated: from.u8()? != 0,
        killed: from.u8()? != 0,
        no_network: from.u8()? != 0,
        read_only: from.u8()? != 0,
        counts: {
            let mut counts = Counts::default();
            for count in &mut counts {
                let is_there = from.u8()? != 0;
                let number = from.u64()?;
                *count = is_there.then_some(number);
            }
            counts
        },
        cpus: decode_cpus(from)?,
        limit: match from.u8()? {
            0 => None,
            number => Some(pick(&Limit::ALL, number - 1)?),
        },
        leaked: from.u32()?,
        survivors: from.u32()?,
        tee_errno: {
            let failed = from.u8()? != 0;
            let errno = from.i32()?;
            failed.then_some(errno)
        },
        stdout: decode_stream(from)?,
        stderr: decode_stream(from)?,
    })
}

/// The one of all that has this number.
fn pick<T: Copy>(all: &[T], number: u8) -> io::Result<T> {
    all.get(usize::from(number)).copied().ok_or_else(malformed)
}

fn decode_ending(from: &mut Decoder<'_>) -> io::Result<Ending> {
    match from.u8()? {
        EXITED => Ok(Ending::Exited(from.i32()?)),
        SIGNALLED => Ok(Ending::Signalled(from.i32()?)),
        NOT_STARTED => Ok(Ending::NotStarted {
            errno: from.i32()?,
            call: String::from_utf8_lossy(from.bytes()?).into_owned(),
        }),
        _ => Err(malformed()),
    }
}

fn decode_usage(from: &mut Decoder<'_>) -> io::Result<Usage> {
    Ok(Usage {
        user_ns: from.u64()?,
        sys_ns: from.u64()?,
        max_rss_bytes: from.u64()?,
        read_bytes: from.u64()?,
        written_bytes: from.u64()?,
        minor_faults: from.u64()?,
        major_faults: from.u64()?,
        vol_ctx_switches: from.u64()?,
        invol_ctx_switches: from.u64()?,
    })
}

fn decode_stream(from: &mut Decoder<'_>) -> io::Result<Captured> {
    Ok(Captured {
        head: from.bytes()?.to_vec(),
        tail: from.bytes()?.to_vec(),
        omitted: from.u64()?,
    })
}
