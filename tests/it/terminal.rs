//! What a person sees: the binary in a real pseudo-terminal, the screen read back.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::{RUNNER, Sandbox};

/// Runs the binary in a terminal of 24 × 80 and returns every distinct screen it showed, the
/// final one last, and whether the cursor is hidden at the end.
fn screens(sandbox: &Sandbox, arguments: &[&str]) -> (Vec<String>, bool) {
    let pty = native_pty_system()
        .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
        .expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(RUNNER);
    command.args(arguments);
    command.cwd(sandbox.path());
    command.env("TERM", "xterm-256color");
    command.env("COLUMNS", "80");
    command.env_remove("NO_COLOR");
    let mut child = pty.slave.spawn_command(command).expect("the binary starts");
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().expect("a reader");
    let (send, receive) = mpsc::channel();
    let pump = std::thread::Builder::new().name("pump".into()).spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length) = reader.read(&mut buffer) {
            if length == 0 || send.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let rows = 24_u16.try_into().expect("not zero");
    let columns = 80_u16.try_into().expect("not zero");
    let mut parser = vt100::Parser::new(rows, columns, 200);
    let mut seen: Vec<String> = Vec::new();
    // The limit only ends a test that hangs.
    while let Ok(bytes) = receive.recv_timeout(Duration::from_secs(120)) {
        // Several drawings may arrive at once: each begins by going back to the first column.
        for piece in bytes.split_inclusive(|&byte| byte == b'\r') {
            parser.process(piece);
            let screen = parser.screen().contents();
            if seen.last() != Some(&screen) {
                seen.push(screen);
            }
        }
    }
    let status = child.wait().expect("the child ends");
    pump.expect("a thread").join().expect("the pump ends");
    assert!(status.success(), "{status:?}\n{}", seen.last().map_or("", |screen| screen));
    (seen, parser.screen().hide_cursor())
}

const SLEEPY: &str = r#"
title = "A small one"
seed = 1
[params]
time = ["20ms", "40ms"]
[workloads.sleep]
[strategies]
alone = "sequential"
"二つの列" = { kind = "threads", workers = 2 }
[protocol]
repeats = 6
[compare]
baseline = "alone"
"#;

#[test]
fn a_run_shows_a_bar_and_leaves_a_table_and_a_clean_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write("small.toml", SLEEPY);
    let (seen, cursor_hidden) = screens(&sandbox, &["small.toml"]);
    let counted = |screen: &String| {
        let before = screen.lines().find(|line| line.contains('━'))?.split("/28").next()?;
        before.split_whitespace().last()?.parse::<u32>().ok()
    };
    let counts: BTreeSet<u32> = seen.iter().filter_map(counted).collect();
    assert!(counts.len() >= 3, "a bar moves: {counts:?} on {} screens", seen.len());
    assert!(
        seen.iter().any(|screen| screen.contains("now  time=20ms") && screen.contains("block ")),
        "what runs is shown"
    );
    let last = seen.last().expect("a screen");
    assert!(!last.contains('━'), "no bar is left behind:\n{last}");
    assert!(last.contains("28 trials"), "{last}");
    assert!(last.contains("二つの列"), "{last}");
    assert!(last.contains("table.csv"), "{last}");
    assert!(!cursor_hidden, "the cursor is shown again");
}
