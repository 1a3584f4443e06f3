//! The result tables for a paper: LaTeX with the package `booktabs`.

use crate::report::content::{Content, Row, Table};
use crate::report::figure::view::capital;

/// Text for LaTeX: nothing in it is a command.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '×' => out.push_str("\\(\\times\\)"),
            '±' => out.push_str("\\(\\pm\\)"),
            '–' => out.push_str("--"),
            '∞' => out.push_str("\\(\\infty\\)"),
            'µ' => out.push_str("\\textmu{}"),
            '—' => out.push_str("---"),
            '…' => out.push_str("\\ldots{}"),
            '·' => out.push_str("\\(\\cdot\\)"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// One table for each group of cells.
#[must_use]
pub fn render(content: &Content) -> String {
    let mut out = format!(
        "% {} \u{b7} run {} \u{b7} needs \\usepackage{{booktabs}}\n",
        escape(&content.title),
        content.run_id
    );
    for (at, one) in content.tables.iter().enumerate() {
        out.push('\n');
        out.push_str(&table(content, at, one));
    }
    out
}

fn table(content: &Content, at: usize, table: &Table) -> String {
    let has_versus = !table.versus.is_empty();
    let columns = if has_versus { "lrrrlr" } else { "lrrr" };
    let heading = match table.heading.as_str() {
        "" => escape(&content.title),
        // A title that is a question has its mark already.
        heading if content.title.ends_with(['?', '!', '.']) => {
            format!("{} {}", escape(&content.title), escape(heading))
        }
        heading => format!("{}: {}", escape(&content.title), escape(heading)),
    };
    let ratios = match has_versus {
        true => format!("; ratios of {} with theirs", content.statistics),
        false => String::new(),
    };
    let mut out = format!(
        "\\begin{{table}}\n  \\centering\n  \\caption{{{heading}. {} of {} with their {}\\,\\% intervals{}.}}\n  \\label{{tab:{}-{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n",
        capital(content.statistics),
        escape(&table.metric),
        content.level,
        ratios,
        // A label is a name, not text.
        content.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
        at + 1
    );
    let value = format!("{} {}", content.statistic, escape(&table.metric));
    let mut head = vec![String::new(), "n".to_owned(), value, "interval".to_owned()];
    if has_versus {
        head.extend([escape(&table.versus), "interval".to_owned()]);
    }
    out.push_str(&format!("    {} \\\\\n    \\midrule\n", head.join(" & ")));
    for row in &table.rows {
        out.push_str(&format!("    {} \\\\\n", cells(row, has_versus).join(" & ")));
    }
    out.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    out
}

fn cells(row: &Row, has_versus: bool) -> Vec<String> {
    let n = row.n.to_string();
    let mut cells: Vec<&str> = vec![&row.label, &n, &row.value, &row.interval];
    if has_versus {
        cells.extend([row.versus.as_str(), row.ratio_interval.as_str()]);
    }
    cells.into_iter().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::content::tests::content;

    #[test]
    fn nothing_of_a_text_is_a_command() {
        let hostile = "\\input{x} 50 % of $a_b$ #1 & ~^<>";
        assert_eq!(
            escape(hostile),
            "\\textbackslash{}input\\{x\\} 50 \\% of \\$a\\_b\\$ \\#1 \\& \\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}"
        );
    }

    #[test]
    fn a_title_that_is_a_question_has_no_second_mark() {
        let caption = |title: &str| {
            let text = render(&Content { title: title.to_owned(), ..content() });
            let line = text.lines().find(|line| line.contains("\\caption")).expect("a caption");
            line.trim().to_owned()
        };
        assert!(caption("Threads").starts_with("\\caption{Threads: n = "));
        assert!(caption("Which?").starts_with("\\caption{Which? n = "));
    }

    #[test]
    fn each_group_is_a_table_with_absolute_values_and_ratios() {
        let text = render(&content());
        assert_eq!(text.matches("\\begin{tabular}{lrrrlr}").count(), 2, "{text}");
        assert!(text.contains("multithread & 6 & 2.00 & 2.00 -- 2.01 &"), "{text}");
        assert!(
            text.contains(" & n & median time (ms) & interval & vs normal & interval \\\\"),
            "{text}"
        );
    }
}
