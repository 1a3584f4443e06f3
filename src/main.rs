//! The `runner` binary. Hidden entries for child processes are dispatched before any argument is parsed.

fn main() -> std::process::ExitCode {
    if let Some(code) = runner::child_entry() {
        return code;
    }
    runner::cli::main()
}
