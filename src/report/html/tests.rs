//! The page of constructed runs: what it loads, what it escapes, and its policy.

use super::*;
use crate::analysis::fixture::{self, Run};
use crate::report::content::tests::{content, of};

fn page() -> String {
    render(&content(), None).expect("a page")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start}")) + start.len();
    &text[from..from + text[from..].find(end).unwrap_or_else(|| panic!("no {end}"))]
}

#[test]
fn digests_are_those_of_the_standard() {
    assert_eq!(base64(b""), "");
    assert_eq!(base64(b"f"), "Zg==");
    assert_eq!(base64(b"fo"), "Zm8=");
    assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    assert_eq!(digest(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn the_policy_allows_exactly_what_the_page_brings() {
    let page = page();
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    let policy = policy.replace("&#x27;", "'").replace("&#x2f;", "/").replace("&#39;", "'");
    let style = between(&page, "<style>", "</style>");
    let script = between(&page, "<script>", "</script>");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains(&format!("style-src '{}'", digest(style))), "{policy}");
    assert!(policy.contains(&format!("script-src '{}'", digest(script))), "{policy}");
    assert_eq!((page.matches("<style").count(), page.matches("<script").count()), (1, 1));
    assert!(!page.contains(" style=\"") && !page.contains(" onclick="));
}

#[test]
fn nothing_is_loaded() {
    let page = page();
    for word in
        ["src=", "<link", "@import", "url(", "<iframe", "<object", "<base", "http:", "https:"]
    {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn text_of_the_experiment_is_never_markup() {
    let hostile = "</script><script>alert(1)</script>\"'><img src=x>]]>&{{ 7*7 }}";
    let mut experiment = fixture::experiment();
    experiment.title = hostile.to_owned();
    experiment.workloads[0].params = vec![fixture::factor("mode", &[hostile, "b"])];
    let mut run = Run::new(experiment);
    for row in run.measured(0) {
        row.measured.answer = Some(hostile.to_owned());
        row.measured.status = crate::measure::Status::Failed;
        row.measured.note = Some(hostile.to_owned());
    }
    let mut content = of(&run);
    content.question = hostile.to_owned();
    content.resolved = hostile.to_owned();
    content.notes = hostile.to_owned();
    let page = render(&content, None).expect("a page");
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (1, 1));
    assert!(!page.contains("<img") && !page.contains("]]>"), "nothing breaks out");
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("{{ 7*7 }}"));
}

#[test]
fn the_page_has_its_parts_in_order_and_they_need_no_script() {
    let page = page();
    let parts = [
        "<h1>",
        "id=\"findings\"",
        "id=\"results\"",
        "id=\"figures\"",
        "id=\"cautions\"",
        "id=\"experiment\"",
        "id=\"machine\"",
        "id=\"again\"",
        "id=\"method\"",
        "id=\"cite\"",
    ];
    let places: Vec<usize> =
        parts.iter().map(|part| page.find(part).unwrap_or_else(|| panic!("{part}"))).collect();
    assert!(places.is_sorted());
    assert!(page.contains("<title>t000"), "each point says which trial it is");
}

#[test]
fn a_report_is_the_same_but_for_the_notes() {
    use crate::report::content::without_notes;
    use crate::report::markdown;
    let (begun, mut written) = (content(), content());
    written.notes = "# Mine\n<!-- /notes --> and more".to_owned();
    let page = |content: &Content| render(content, None).expect("a page");
    for [one, other] in
        [[page(&begun), page(&written)], [markdown::render(&begun), markdown::render(&written)]]
    {
        assert_ne!(one, other);
        assert_eq!(without_notes(&one), without_notes(&other));
        assert!(without_notes(&one).contains("Findings"));
    }
}

#[test]
fn a_template_of_the_user_takes_its_place_and_escapes_too() {
    let mut content = content();
    content.title = "<b>".to_owned();
    let own = "<h1>{{ title }}</h1>{% for t in tables %}{{ t.rows|length }} {% endfor %}";
    assert_eq!(render(&content, Some(own)).expect("a page"), "<h1>&lt;b&gt;</h1>2 2 ");
    let wrong = render(&content, Some("{{ titel }}")).expect_err("no such name");
    assert!(wrong.to_string().contains("line 1"), "{wrong}");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
    assert!(render(&content, Some(endless)).is_err());
}

#[test]
fn words_between_backticks_are_code_and_the_rest_is_text() {
    assert_eq!(code("see `a<b` and `c`"), "see <code>a&lt;b</code> and <code>c</code>");
    assert_eq!(code("one ` alone"), "one ` alone");
    assert_eq!(code("`a` and ` alone <i>"), "<code>a</code> and ` alone &lt;i&gt;");
    assert_eq!(code("`a`"), "<code>a</code>");
}
