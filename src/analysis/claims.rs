//! Claims of the author against the results: supported, contradicted or undecided.
//!
//! Every link of a claim is judged in every group of cells by one comparison: the one with the
//! baseline where there is one, otherwise one of its own, in a family of p-values of its own.
//! Refuses to take what is not decided for equal, and decides nothing about the run.

use super::compare::Comparison;
use super::{Baselines, Comparisons, Evidence, Reference, Standings, Summary};
use crate::design::claim::Group;
use crate::design::{Better, CellIx, Claim, Operator, Statement};
use crate::stats::Verdict;

#[cfg(test)]
mod tests;

/// What the data say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Supported,
    /// Its opposite holds.
    Contradicted,
    /// Neither is established.
    Undecided,
}

impl Judgement {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        }
    }

    /// All must be supported; one that is contradicted is enough.
    fn of_all(all: impl Iterator<Item = Self> + Clone) -> Self {
        let mut every = all.clone().peekable();
        if all.clone().any(|one| one == Self::Contradicted) {
            Self::Contradicted
        } else if every.peek().is_some() && every.all(|one| one == Self::Supported) {
            Self::Supported
        } else {
            Self::Undecided
        }
    }
}

/// What a judgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The verdict of a comparison.
    Verdict(Verdict),
    /// The interval of a speed-up against a bound.
    Interval,
    /// A name has no single cell here.
    NoCell,
    /// There is no comparison: no baseline, or no common metric.
    NotCompared,
}

impl Ground {
    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_str(),
            Self::Interval => "interval",
            Self::NoCell => "no_cell",
            Self::NotCompared => "not_compared",
        }
    }
}

/// One relation in one group of cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// `multicore < normal`, or the whole statement.
    pub written: String,
    /// What the data say of it.
    pub judgement: Judgement,
    /// Why.
    pub ground: Ground,
    /// The comparison behind it, if there is one.
    pub comparison: Option<Comparison>,
    /// Of an order: how many times the value of the first the second has; of a speed-up: the
    /// speed-up. With its interval, whose upper end may be `+∞`.
    pub ratio: Option<f64>,
    /// Its interval, of this comparison by itself.
    pub interval: Option<(f64, f64)>,
    /// What the ratio is compared with.
    pub bound: f64,
}

/// The links of a claim in one group of cells.
#[derive(Clone, Debug, PartialEq)]
pub struct InGroup {
    /// The cells.
    pub group: Group,
    /// Of all links.
    pub judgement: Judgement,
    /// In the order of the statement.
    pub links: Vec<Link>,
}

/// A claim and what became of it.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// Over all groups.
    pub judgement: Judgement,
    /// In the order of their cells.
    pub groups: Vec<InGroup>,
}

/// Every claim of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Claims<'a> {
    /// In the order of the file.
    pub findings: Vec<Finding<'a>>,
    /// Comparisons that only claims ask for, in one family. Their ids, `c003/c001`, name both
    /// cells, so that further claims do not change them.
    pub further: Vec<Comparison>,
}

/// What is to be judged of two cells; of an order, the first is claimed to be smaller.
struct Question {
    written: String,
    /// `None` where a term has no cell.
    cells: Option<[CellIx; 2]>,
    /// `None` for an order.
    bound: Option<(Operator, f64)>,
}

/// A claim with its groups and what is to be judged in each.
type Asked<'a> = (&'a Claim, Vec<(Group, Vec<Question>)>);

impl<'a> Claims<'a> {
    /// Judges every claim.
    #[must_use]
    pub fn of(
        evidence: Evidence<'a>,
        (standings, summary): (&Standings, &Summary),
        baselines: &Baselines,
        comparisons: &Comparisons,
    ) -> Self {
        let asked: Vec<Asked<'_>> = evidence
            .experiment
            .claims
            .iter()
            .map(|claim| {
                let groups = claim.groups(evidence.experiment, evidence.matrix);
                let questions = groups.into_iter().filter_map(|group| {
                    let questions = questions(claim, &group, baselines)?;
                    Some((group, questions))
                });
                (claim, questions.collect())
            })
            .collect();
        let mut pairs: Vec<[CellIx; 2]> = Vec::new();
        let questions = asked.iter().flat_map(|(_, groups)| groups).flat_map(|(_, all)| all);
        for [first, second] in questions.filter_map(|question| question.cells) {
            // The first of an order is compared with the second, as a candidate is.
            let pair = [second, first];
            let known = |rows: &[Comparison]| of_pair(rows, pair).is_some();
            if !known(&comparisons.rows)
                && !pairs.contains(&pair)
                && !pairs.contains(&[first, second])
            {
                pairs.push(pair);
            }
        }
        let further = comparisons.further(evidence, (standings, summary), &pairs);
        let judge = |question: Question| {
            let row = question.cells.and_then(|[first, second]| {
                let of = |rows| of_pair(rows, [second, first]);
                of(&comparisons.rows).or_else(|| of(&further))
            });
            answer(question, row)
        };
        let findings = asked
            .into_iter()
            .map(|(claim, groups)| {
                let groups: Vec<InGroup> = groups
                    .into_iter()
                    .map(|(group, questions)| {
                        let links: Vec<Link> = questions.into_iter().map(judge).collect();
                        let judgement = Judgement::of_all(links.iter().map(|link| link.judgement));
                        InGroup { group, judgement, links }
                    })
                    .collect();
                let judgement = Judgement::of_all(groups.iter().map(|group| group.judgement));
                Finding { claim, judgement, groups }
            })
            .collect();
        Self { findings, further }
    }

    /// Whether the comparison is one that only claims ask for.
    #[must_use]
    pub fn is_further(&self, row: &Comparison) -> bool {
        self.further.iter().any(|other| other.id == row.id)
    }
}

/// The comparison of two cells in the compared metric, whichever is the baseline.
fn of_pair(rows: &[Comparison], [one, other]: [CellIx; 2]) -> Option<&Comparison> {
    rows.iter().filter(|row| row.is_primary).find(|row| {
        let cells = [row.baseline.cell, row.candidate.cell];
        cells == [one, other] || cells == [other, one]
    })
}

/// What a claim asks of a group; `None` if the group is a baseline, of which it says nothing.
fn questions(claim: &Claim, group: &Group, baselines: &Baselines) -> Option<Vec<Question>> {
    match &claim.statement {
        Statement::Order(terms) => {
            let links = terms.windows(2).zip(group.cells.windows(2));
            let link = |(terms, cells): (&[crate::design::Term], &[Option<CellIx>])| Question {
                written: format!("{} < {}", terms[0].written, terms[1].written),
                cells: cells[0].zip(cells[1]).map(|(first, second)| [first, second]),
                bound: None,
            };
            Some(links.map(link).collect())
        }
        Statement::Speedup { over, operator, bound, .. } => {
            let own = group.cells[0];
            let base = match over {
                Some(_) => group.cells[1],
                None => match own.map(|own| baselines.reference(own)) {
                    Some(Reference::Itself) => return None,
                    Some(Reference::Cell(base)) => Some(base),
                    _ => None,
                },
            };
            let cells = own.zip(base).map(|(own, base)| [own, base]);
            let bound = Some((*operator, *bound));
            Some(vec![Question { written: claim.written.clone(), cells, bound }])
        }
    }
}

fn answer(question: Question, row: Option<&Comparison>) -> Link {
    let bound = question.bound.map_or(1.0, |(_, bound)| bound);
    let (Some([first, _]), Some(row)) = (question.cells, row) else {
        let ground = if question.cells.is_some() { Ground::NotCompared } else { Ground::NoCell };
        return Link {
            written: question.written,
            judgement: Judgement::Undecided,
            ground,
            comparison: None,
            ratio: None,
            interval: None,
            bound,
        };
    };
    let swapped = row.candidate.cell != first;
    let is_inverse = match question.bound {
        // An order is one of values; where more is better, the better one is the larger.
        None => swapped != (row.metric.better == Some(Better::Higher)),
        Some(_) => swapped,
    };
    let ratio = row.speedup.estimate.map(|ratio| if is_inverse { 1.0 / ratio } else { ratio });
    let interval = row
        .speedup
        .interval
        .map(|(lo, hi)| if is_inverse { (1.0 / hi, 1.0 / lo) } else { (lo, hi) });
    let (judgement, ground) = match question.bound {
        None => (of_order(row.verdict, is_inverse), Ground::Verdict(row.verdict)),
        Some(_) if row.verdict == Verdict::Invalid => {
            (Judgement::Undecided, Ground::Verdict(Verdict::Invalid))
        }
        Some((operator, bound)) => match interval {
            None => (Judgement::Undecided, Ground::Verdict(Verdict::Insufficient)),
            Some(interval) => (of_bound(interval, operator, bound), Ground::Interval),
        },
    };
    let comparison = Some(row.clone());
    Link { written: question.written, judgement, ground, comparison, ratio, interval, bound }
}

fn of_order(verdict: Verdict, is_inverse: bool) -> Judgement {
    let is_above = match verdict {
        Verdict::Faster | Verdict::FasterMaybeNegligible => !is_inverse,
        Verdict::Slower | Verdict::SlowerMaybeNegligible => is_inverse,
        // What is the same within the margin may still be in either order.
        Verdict::Equivalent | Verdict::Inconclusive | Verdict::Insufficient | Verdict::Invalid => {
            return Judgement::Undecided;
        }
    };
    if is_above { Judgement::Supported } else { Judgement::Contradicted }
}

/// The whole interval on one side of the bound decides.
fn of_bound((lo, hi): (f64, f64), operator: Operator, bound: f64) -> Judgement {
    let (holds, fails) = match operator {
        Operator::AtLeast => (lo >= bound, hi < bound),
        Operator::Greater => (lo > bound, hi <= bound),
        Operator::AtMost => (hi <= bound, lo > bound),
        Operator::Less => (hi < bound, lo >= bound),
        // The statement has no other operators.
        Operator::Equal | Operator::Unequal => (false, false),
    };
    match (holds, fails) {
        (true, _) => Judgement::Supported,
        (_, true) => Judgement::Contradicted,
        _ => Judgement::Undecided,
    }
}
