//! Reports of real runs: made after each run, made anew, in every format, and how to cite them.

use std::fs;

use crate::support::Sandbox;

const EXPERIMENT: &str = r#"
title = "Short & <long>"
question = "Which?"
seed = 5
[params]
n = [10, 20]
[workloads.say]
command = ["sh", "-c", "echo {n}"]
result = { stdout_regex = '(\d+)' }
[strategies]
alone = "external"
[protocol]
repeats = 6
[compare]
baseline = { n = 10 }
"#;

/// Every file of a report, by name.
fn files(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let names = [
        "report.html",
        "report.md",
        "figures/trials-1.svg",
        "figures/speedup-1.svg",
        "figures/course-1.svg",
        "trials.csv",
        "summary.csv",
    ];
    names
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                fs::read(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")),
            )
        })
        .collect()
}

#[test]
fn a_report_is_written_after_every_run_and_made_anew_it_is_the_same() {
    let sandbox = Sandbox::new();
    sandbox.experiment("short", EXPERIMENT).expect_code(0);
    let dir = sandbox.latest("short");
    let before = files(&dir);
    fs::write(dir.join("trials.csv"), "lost").expect("written");
    fs::remove_dir_all(dir.join("figures")).expect("removed");
    let done = sandbox.run(&["report", "short", "--output", "results"]).expect_code(0);
    assert!(done.stdout.trim_end().ends_with("report.html"), "{}", done.stdout);
    assert_eq!(files(&dir), before);
    sandbox.run(&["verify", "short", "--output", "results"]).expect_code(0);
    let page = String::from_utf8(before[0].1.clone()).expect("text");
    assert!(page.contains("<h1>Short &amp; &lt;long&gt;</h1>"));
}

#[test]
fn notes_are_read_again() {
    let sandbox = Sandbox::new();
    sandbox.experiment("short", EXPERIMENT).expect_code(0);
    let dir = sandbox.latest("short");
    fs::write(dir.join("notes.md"), "## Hypothesis\n\nIt *matters*. <script>alert(1)</script>\n")
        .expect("written");
    let verified = sandbox.run(&["verify", "short", "--output", "results"]).expect_code(0);
    assert!(verified.stdout.contains("the same but for the notes"), "{}", verified.stdout);
    sandbox.run(&["report", "short", "--output", "results"]).expect_code(0);
    let page = fs::read_to_string(dir.join("report.html")).expect("the page");
    assert!(page.contains("<p>It <em>matters</em>. &lt;script&gt;"), "{page}");
    let text = fs::read_to_string(dir.join("report.md")).expect("the Markdown");
    assert!(text.contains("### Hypothesis\n\nIt *matters*."), "{text}");
}

#[test]
fn formats_are_printed_or_written_and_a_template_makes_its_own_page() {
    let sandbox = Sandbox::new();
    sandbox.experiment("short", EXPERIMENT).expect_code(0);
    let md =
        sandbox.run(&["report", "short", "--format", "md", "--output", "results"]).expect_code(0);
    assert!(md.stdout.starts_with("# Short &amp; &lt;long&gt;\n"), "{}", md.stdout);
    sandbox
        .run(&["report", "short", "--output-file", "t.tex", "--output", "results"])
        .expect_code(0);
    let tex = fs::read_to_string(sandbox.path().join("t.tex")).expect("LaTeX");
    assert!(
        tex.contains("\\begin{tabular}")
            && tex.contains("Short \\& \\textless{}long\\textgreater{}"),
        "{tex}"
    );
    fs::write(sandbox.path().join("own.jinja"), "{{ title }}: {{ tables[0].rows | length }}")
        .expect("written");
    sandbox
        .run(&["report", "short", "--template", "own.jinja", "--output", "results"])
        .expect_code(0);
    let own =
        fs::read_to_string(sandbox.latest("short").join("report.own.html")).expect("the page");
    assert_eq!(own, "Short &amp; &lt;long&gt;: 2");
    fs::write(sandbox.path().join("own.jinja"), "{{ nothing }}").expect("written");
    let wrong = sandbox
        .run(&["report", "short", "--template", "own.jinja", "--output", "results"])
        .expect_code(2);
    assert!(
        wrong.stderr.contains("own.jinja: the template cannot be carried out"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_run_is_cited_with_the_digest_of_its_journal() {
    use sha2::{Digest, Sha256};
    let sandbox = Sandbox::new();
    sandbox.experiment("short", EXPERIMENT).expect_code(0);
    let journal = fs::read(sandbox.latest("short").join("journal.jsonl")).expect("the journal");
    let digest: String =
        Sha256::digest(&journal).iter().map(|byte| format!("{byte:02x}")).collect();
    let done = sandbox.run(&["cite", "short", "--output", "results"]).expect_code(0);
    assert_eq!(done.stdout.matches(&digest).count(), 2, "{}", done.stdout);
    assert!(done.stdout.contains("@misc{r2"), "{}", done.stdout);
}

/// What is built in decides: pictures, or how to get them.
#[test]
fn figures_are_written_as_png_or_it_says_how_to_get_that() {
    let sandbox = Sandbox::new();
    sandbox.experiment("short", EXPERIMENT).expect_code(0);
    let done = sandbox.run(&["report", "short", "--figures", "png"]);
    let folder = sandbox.latest("short").join("figures");
    let pictures: Vec<_> = fs::read_dir(&folder)
        .expect("figures")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
        .collect();
    if cfg!(feature = "png") && done.code == 0 {
        let drawn = fs::read_dir(&folder).expect("figures").count() - pictures.len();
        assert_eq!(pictures.len(), drawn, "one for each SVG");
        for path in &pictures {
            let bytes = fs::read(path).expect("a picture");
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{}", path.display());
        }
        assert!(done.stderr.contains("figures, text in "), "{}", done.stderr);
        sandbox.run(&["verify", "short"]).expect_code(0);
    } else {
        let why = if cfg!(feature = "png") { "no font" } else { "--features png" };
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains(why) && pictures.is_empty(), "{}", done.stderr);
    }
    let both = sandbox.run(&["report", "short", "--figures", "png", "--format", "md"]);
    both.expect_code(2);
}
