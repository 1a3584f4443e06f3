//! The two pipes that carry a child's output, kept from child to child while they are clean.
//!
//! The write ends stay open in the launcher, so there is no end-of-file: who is done is known
//! from the processes, not from the pipes. After anything unusual they are made anew, because a
//! process that got away might still write.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// One pipe.
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

impl Pipe {
    fn new() -> Result<Self, Errno> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        // Only our end: the flag belongs to the open file, and the child's end must block.
        fcntl_setfl(&read, OFlags::NONBLOCK)?;
        Ok(Self { read, write })
    }
}

/// Standard output and standard error.
#[derive(Default)]
pub(super) struct Pipes(Option<[Pipe; 2]>);

impl Pipes {
    /// Makes the pipes ready for the next child.
    pub fn prepare(&mut self) -> Result<&Self, Errno> {
        match &self.0 {
            None => self.0 = Some([Pipe::new()?, Pipe::new()?]),
            Some(pipes) => {
                for pipe in pipes {
                    // The last child may have made it non-blocking, for all who share it.
                    fcntl_setfl(&pipe.write, OFlags::empty())?;
                }
            }
        }
        Ok(self)
    }

    /// The ends to read from, which do not block.
    pub fn read_ends(&self) -> [BorrowedFd<'_>; 2] {
        self.both().each_ref().map(|pipe| pipe.read.as_fd())
    }

    /// The ends that children write to.
    pub fn write_ends(&self) -> [BorrowedFd<'_>; 2] {
        self.both().each_ref().map(|pipe| pipe.write.as_fd())
    }

    /// Gives them up: the next child gets new ones.
    pub fn discard(&mut self) {
        self.0 = None;
    }

    fn both(&self) -> &[Pipe; 2] {
        self.0.as_ref().expect("prepared before the spawn")
    }
}
