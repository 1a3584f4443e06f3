//! Groups of claims over constructed matrices.

use super::*;
use crate::analysis::fixture;
use crate::design::{ParamName, Pattern, StrategyKind};

fn entry(subject: Subject, value: Value) -> Entry {
    Entry { subject, patterns: vec![Pattern::Equal(value)], written: String::new(), at: 0..0 }
}

fn strategy(name: &str) -> Term {
    let value = Value::Text(name.to_owned());
    Term { written: name.to_owned(), entries: vec![entry(Subject::Strategy, value)] }
}

fn order(terms: Vec<Term>) -> Claim {
    Claim { written: String::new(), statement: Statement::Order(terms), cells: None, at: 0..0 }
}

fn cells(groups: &[Group]) -> Vec<(Vec<Option<u32>>, Option<u32>)> {
    let of = |group: &Group| group.cells.iter().map(|cell| cell.map(|cell| cell.0)).collect();
    groups.iter().map(|group| (of(group), group.workers)).collect()
}

#[test]
fn a_claim_of_strategies_has_a_group_for_each_choice_of_levels() {
    let run = fixture::Run::new(fixture::experiment());
    let claim = order(vec![strategy("multithread"), strategy("normal")]);
    let groups = claim.groups(&run.experiment, &run.matrix);
    let want = vec![(vec![Some(1), Some(0)], None), (vec![Some(3), Some(2)], None)];
    assert_eq!(cells(&groups), want);
    assert_eq!(groups[0].first(), CellIx(0));
    let mut of_large = claim;
    let large = Value::Integer(100_000_000.into());
    let n = Subject::Param(ParamName::new("n").unwrap());
    of_large.cells = Some(Selector { at: 0..0, entries: vec![entry(n, large)] });
    let groups = of_large.groups(&run.experiment, &run.matrix);
    assert_eq!(cells(&groups), [(vec![Some(3), Some(2)], None)]);
}

#[test]
fn one_cell_stands_beside_every_number_of_workers() {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["7"])];
    experiment.strategies[1] = fixture::strategy("multithread", StrategyKind::Threads, &[2, 4]);
    experiment.strategies.push(fixture::strategy("multicore", StrategyKind::Processes, &[4]));
    let run = fixture::Run::new(experiment);
    let claim = order(vec![strategy("multithread"), strategy("normal")]);
    let want = [(vec![Some(1), Some(0)], Some(2)), (vec![Some(2), Some(0)], Some(4))];
    assert_eq!(cells(&claim.groups(&run.experiment, &run.matrix)), want);
    // With workers in the term there is one group.
    let mut four = strategy("multithread");
    four.entries.push(entry(Subject::Workers, Value::Integer(4.into())));
    let claim = order(vec![four, strategy("multicore"), strategy("normal")]);
    let want = [(vec![Some(2), Some(3), Some(0)], None)];
    assert_eq!(cells(&claim.groups(&run.experiment, &run.matrix)), want);
}

#[test]
fn levels_are_compared_within_everything_else() {
    let run = fixture::Run::new(fixture::experiment());
    let n = |level: u32| {
        let n = Subject::Param(ParamName::new("n").unwrap());
        Term { written: String::new(), entries: vec![entry(n, Value::Integer(level.into()))] }
    };
    let claim = order(vec![n(1_000_000), n(100_000_000)]);
    let want = [(vec![Some(0), Some(2)], None), (vec![Some(1), Some(3)], None)];
    assert_eq!(cells(&claim.groups(&run.experiment, &run.matrix)), want);
}

#[test]
fn a_term_without_a_cell_leaves_a_gap() {
    let mut experiment = fixture::experiment();
    experiment.workloads.push(fixture::workload("other"));
    experiment.workloads[1].strategies = Some(vec![0]);
    let run = fixture::Run::new(experiment);
    let claim = order(vec![strategy("multithread"), strategy("normal")]);
    let groups = cells(&claim.groups(&run.experiment, &run.matrix));
    assert_eq!(groups.len(), 4);
    assert_eq!(groups[2].0[0], None);
    let nobody = order(vec![strategy("a"), strategy("b")]);
    assert!(nobody.groups(&run.experiment, &run.matrix).is_empty());
}
