//! `claims.csv`: one row per claim, group of cells in which it must hold, and link of it.

use super::column::{self, ParamColumn};
use super::fields::Fields;
use super::schema::judged::CLAIMS;
use crate::analysis::Findings;
use crate::analysis::claims::{Finding, InGroup, Link};
use crate::design::{Cell, CellIx, Experiment, Level};

/// The whole file; `None` if the experiment claims nothing.
#[must_use]
pub fn render(findings: &Findings<'_>, run_id: &str) -> Option<Vec<u8>> {
    let matrix = findings.evidence.matrix;
    if findings.claims.findings.is_empty() {
        return None;
    }
    let params = column::params(matrix);
    let mut out = CLAIMS.header(&params);
    for (at, finding) in findings.claims.findings.iter().enumerate() {
        for of_group in &finding.groups {
            for link in &of_group.links {
                identity(findings, (run_id, at + 1), (finding, of_group), &mut Fields(&mut out));
                for param in &params {
                    param.write(common_level(findings, of_group, param), &mut out);
                    out.push(b',');
                }
                evidence(findings, of_group, link, &mut Fields(&mut out));
            }
        }
        if finding.groups.is_empty() {
            // A claim about cells that were not selected is still a claim.
            let mut fields = Fields(&mut out);
            head((run_id, at + 1), finding, &mut fields);
            let empty = CLAIMS.names(&params, &[]).len() - 4 - 1;
            (0..empty).for_each(|_| fields.word(None));
            fields.end("");
        }
    }
    Some(out)
}

fn head((run_id, number): (&str, usize), finding: &Finding<'_>, fields: &mut Fields<'_>) {
    fields.text(run_id);
    fields.integer(Some(number));
    fields.text(&finding.claim.written);
    fields.word(Some(finding.judgement.as_str()));
}

fn identity(
    findings: &Findings<'_>,
    place: (&str, usize),
    (finding, of_group): (&Finding<'_>, &InGroup),
    fields: &mut Fields<'_>,
) {
    head(place, finding, fields);
    let evidence = findings.evidence;
    let first = of_group.group.first();
    let names: [fn(&Experiment, &Cell) -> String; 2] = [
        |experiment, cell| experiment.workloads[cell.workload].name.to_string(),
        |experiment, cell| experiment.strategies[cell.strategy].name.to_string(),
    ];
    for name in names {
        let name = |cell| name(evidence.experiment, evidence.matrix.cell(cell));
        // What the claim compares is not what the group is.
        match cells(of_group).all(|cell| name(cell) == name(first)) {
            true => fields.text(&name(first)),
            false => fields.word(None),
        }
    }
    fields.integer(of_group.group.workers.map(|workers| workers as usize));
}

fn cells(of_group: &InGroup) -> impl Iterator<Item = CellIx> {
    of_group.group.cells.iter().copied().flatten()
}

/// The level that all cells of a group have; `None` if the claim compares several.
fn common_level<'a>(
    findings: &Findings<'a>,
    of_group: &InGroup,
    param: &ParamColumn,
) -> Option<&'a Level> {
    let matrix = findings.evidence.matrix;
    let level = |cell: CellIx| matrix.level(matrix.cell(cell), param.name.as_str());
    let first = level(of_group.group.first());
    first.filter(|_| cells(of_group).all(|cell| level(cell) == first))
}

fn evidence(findings: &Findings<'_>, of_group: &InGroup, link: &Link, fields: &mut Fields<'_>) {
    let row = link.comparison.as_ref();
    fields.word(Some(of_group.judgement.as_str()));
    fields.text(&link.written);
    fields.word(Some(link.judgement.as_str()));
    fields.word(Some(link.ground.as_str()));
    fields.word(row.map(|row| row.id.as_str()));
    fields.word(row.map(|row| row.metric.column.as_str()));
    fields.number(Some(link.bound));
    fields.number(link.ratio);
    fields.number(link.interval.map(|(lo, _)| lo));
    fields.number(link.interval.map(|(_, hi)| hi).filter(|hi| hi.is_finite()));
    fields.number(row.map(|row| row.resampling.conf));
    fields.number(row.and_then(|row| row.p_adjusted));
    fields.word(row.map(|_| findings.comparisons.adjust));
    let size = row.map(|row| row.family_size.to_string());
    fields.end(size.as_deref().unwrap_or_default());
}
