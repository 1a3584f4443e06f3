//! Screens of runs whose workloads are compared with one another.

use super::{WIDE, claim, screen};
use crate::analysis::fixture::{self, Run};
use crate::design::{Entry, Name, Operator, Pattern, Statement, Subject, Term, Value};

fn term(name: &str) -> Term {
    let patterns = vec![Pattern::Equal(Value::Text(name.to_owned()))];
    let subject = Subject::Workload;
    let entries = vec![Entry { subject, patterns, written: String::new(), at: 0..0 }];
    Term { written: name.to_owned(), entries }
}

/// `sum` and `other` at two sizes, carried out in one way.
fn run() -> Run {
    let mut experiment = fixture::experiment();
    experiment.strategies.truncate(1);
    experiment.workloads.push(fixture::workload("other"));
    let baseline = &mut experiment.compare.baselines[0];
    (baseline.strategy, baseline.workload) = (None, Name::new("sum").ok());
    experiment.compare.sum = true;
    experiment.claims = vec![
        claim("sum < other", Statement::Order(vec![term("sum"), term("other")])),
        claim(
            "speedup(other) >= 1",
            Statement::Speedup {
                of: term("other"),
                over: None,
                operator: Operator::AtLeast,
                bound: 1.0,
            },
        ),
    ];
    Run::new(experiment)
}

#[test]
fn evidence_of_a_claim_says_of_which_size_it_is() {
    let text = screen(&run(), WIDE);
    for said in [
        "    n = 1_000_000: other takes 3× as long as sum",
        "    n = 100_000_000: other takes 2× as long as sum",
        "    n = 1_000_000: other is 0.334× as fast as sum",
    ] {
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_total_names_the_workload_that_is_compared() {
    let text = screen(&run(), WIDE);
    assert!(text.contains("Σ other, normal vs sum, ratio of summed medians of 2"), "{text}");
}
