//! Encodings against the reference vectors, tables of constructed runs, and reading them back.

use proptest::prelude::*;
use serde_json::Value;

use super::table::Heading;
use super::{TrialTable, encode, summary, table};
use crate::analysis::fixture::{self, Run};
use crate::analysis::{Baselines, Comparisons, Findings, Standings, Summary};
use crate::design::Better;
use crate::measure::Status;

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn cases(section: &str) -> Vec<Value> {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/stat_vectors.json")).unwrap();
    vectors[section]["cases"].as_array().unwrap().clone()
}

#[test]
fn text_is_encoded_as_the_vectors_say() {
    for case in cases("csv_text_encoding") {
        if let Some(text) = case["value"].as_str() {
            let field = encoded(|out| encode::text(text, out));
            assert_eq!(field, case["field"].as_str().unwrap(), "{text:?}");
        }
    }
}

#[test]
fn numbers_are_encoded_as_the_vectors_say() {
    for case in cases("csv_number_format") {
        let value = match &case["value"] {
            Value::String(_) => f64::INFINITY,
            value => value.as_f64().unwrap_or(f64::NAN),
        };
        let field = encoded(|out| encode::number(value, out));
        assert_eq!(field, case["field"].as_str().unwrap(), "{value}");
    }
}

#[test]
fn timestamps_are_rfc_3339_in_utc() {
    for (ms, want) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_007, "2000-02-29T00:00:00.007Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_444_799_999, "2026-11-23T14:39:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] {
        assert_eq!(encoded(|out| encode::timestamp(ms, out)), want);
    }
}

#[test]
fn integers_that_spreadsheets_would_round_are_grouped() {
    let answer = |text: &str| encoded(|out| encode::answer(text, out));
    assert_eq!(answer("123456789012345"), "123456789012345");
    assert_eq!(answer("1234567890123456"), "1_234_567_890_123_456");
    assert_eq!(answer("499999666667166666000000"), "499_999_666_667_166_666_000_000");
    assert_eq!(answer("-1234567890123456"), "'-1_234_567_890_123_456");
    assert_eq!(answer("1234567890123456x"), "1234567890123456x");
    assert_eq!(encode::grouped("-1000"), "-1_000");
    assert_eq!(encode::grouped("100"), "100");
    assert!(!encode::is_big(&999_999_999_999_999_u64.into()));
    assert!(encode::is_big(&1_000_000_000_000_000_u64.into()));
    assert!(encode::is_big(&(-1_000_000_000_000_000_i64).into()));
}

#[test]
fn seeds_have_sixteen_digits_behind_a_prefix() {
    assert_eq!(encoded(|out| encode::seed(0xabc, out)), "0x0000000000000abc");
    assert_eq!(encoded(|out| encode::seed(u64::MAX, out)), "0xffffffffffffffff");
}

proptest! {
    #[test]
    fn any_text_comes_back_through_a_csv_reader(texts in prop::collection::vec(any::<String>(), 2..6)) {
        let mut line = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            if at > 0 {
                line.push(b',');
            }
            encode::text(text, &mut line);
        }
        line.push(b'\n');
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&line[..]);
        let record = reader.records().next().unwrap().unwrap();
        let back: Vec<&str> = record.iter().map(|field| encode::decode_text(field).unwrap()).collect();
        prop_assert_eq!(back, texts);
    }

    #[test]
    fn any_finite_number_comes_back_and_never_looks_like_thousands(value in any::<f64>()) {
        let field = encoded(|out| encode::number(value, out));
        if value.is_finite() {
            prop_assert_eq!(field.parse::<f64>().unwrap(), value);
            let mantissa = field.split('e').next().unwrap();
            let fraction = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
            prop_assert_ne!(fraction, 3);
        } else {
            prop_assert_eq!(field, "");
        }
    }

    #[test]
    fn timestamps_agree_with_a_calendar_library(ms in -62_135_596_800_000_i64..253_402_300_799_999) {
        let want = jiff::Timestamp::from_millisecond(ms).unwrap();
        prop_assert_eq!(encoded(|out| encode::timestamp(ms, out)), format!("{want:.3}"));
    }
}

fn read(bytes: &[u8]) -> (Vec<String>, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (header, reader.records().map(Result::unwrap).collect())
}

/// A field of a record by the name of its column.
fn field<'a>(table: &'a (Vec<String>, Vec<csv::StringRecord>), row: usize, name: &str) -> &'a str {
    let at = table.0.iter().position(|column| column == name);
    &table.1[row][at.unwrap_or_else(|| panic!("no column {name}"))]
}

fn trials(run: &Run, standings: Option<&Standings>) -> Vec<u8> {
    let mut table = TrialTable::new(&run.experiment, &run.matrix, &run.plan, "r1");
    let mut out = Vec::new();
    table.header(&mut out);
    for (row, observation) in run.observations.iter().enumerate() {
        table.row(observation, standings.map(|standings| &standings.rows()[row]), &mut out);
    }
    out
}

#[test]
fn a_live_row_leaves_empty_what_is_known_at_the_end() {
    let run = Run::new(fixture::experiment());
    let live = String::from_utf8(trials(&run, None)).unwrap();
    let key = run.matrix.cells()[0].key;
    let seed = encoded(|out| {
        encode::seed(run.plan.workload_seed(&run.plan.trial(0), "sum"), out);
    });
    let want = [
        "r1,t000001,1,c001,",
        &key.to_string(),
        ",sum,normal,1,2,1000000,warmup,1,false,ok,1001000,499_999_666_667_166_666_000_000,",
        ",,0,",
        &seed,
        ",0,,,1,false,2026-11-23T14:26:40.123Z,0,region,,,,,,1,,,,,,1000,,,,,,,,,,,,,,,,,,,,,,,600000000000,,,warmup,,,,",
    ]
    .concat();
    assert_eq!(live.lines().nth(1).unwrap(), want);
}

#[test]
fn the_header_begins_with_what_people_use() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics = vec![fixture::metric("inner", "s", None)];
    let run = Run::new(experiment);
    let table = TrialTable::new(&run.experiment, &run.matrix, &run.plan, "r1");
    let columns = table.columns();
    assert_eq!(
        columns[..17],
        [
            "run_id",
            "trial_id",
            "attempt",
            "cell_id",
            "cell_key",
            "workload",
            "strategy",
            "workers",
            "tasks",
            "param_n",
            "phase",
            "repeat",
            "used",
            "status",
            "time_ns",
            "answer",
            "metric_inner_ns",
        ]
    );
    assert_eq!(columns.last().unwrap(), "note");
}

#[test]
fn every_field_of_a_failed_trial_is_in_its_column() {
    let mut experiment = fixture::experiment();
    experiment.workloads[0].metrics = vec![
        fixture::metric("inner", "ms", None),
        fixture::metric("speed", "MB/s", Some(Better::Higher)),
    ];
    let mut run = Run::new(experiment);
    let observation = run.measured(1).next().unwrap();
    let row = observation.trial.order as usize;
    let (position, repeat) = (observation.trial.position, observation.trial.repeat);
    let measured = &mut observation.measured;
    measured.status = Status::Failed;
    measured.answer = None;
    measured.metrics = vec![Some(1_234_567.0), Some(1.5)];
    measured.process_ns = Some(5);
    measured.user_ns = Some(6);
    measured.sys_ns = Some(7);
    measured.iterations_ns = vec![30, 10, 20];
    measured.workers = [(0, 9), (1, 3)]
        .map(|(start_ns, end_ns)| crate::measure::WorkerSpan { start_ns, end_ns })
        .to_vec();
    measured.memory_floor = true;
    measured.resources.major_faults = Some(1);
    measured.resources.vol_ctx_switches = Some(2);
    measured.resources.invol_ctx_switches = Some(3);
    measured.signal = Some(9);
    measured.output_digest = Some("ab".repeat(32));
    measured.conditions.env_pad_bytes = 17;
    measured.note = Some("=killed, it was".to_owned());
    let standings = Standings::of(run.evidence());
    let table = read(&trials(&run, Some(&standings)));
    for (name, want) in [
        ("trial_id", format!("t{:06}", row + 1).as_str()),
        ("cell_id", "c002"),
        ("strategy", "multithread"),
        ("used", "false"),
        ("status", "failed"),
        ("metric_inner_ns", "1234567"),
        ("metric_speed", "1.5"),
        ("block", repeat.to_string().as_str()),
        ("order_in_block", position.to_string().as_str()),
        ("order_in_run", row.to_string().as_str()),
        ("env_pad_bytes", "17"),
        ("process_ns", "5"),
        ("user_ns", "6"),
        ("sys_ns", "7"),
        ("cpu_method", "wait4"),
        ("iterations", "3"),
        ("iter_value_ns", "20"),
        ("worker_max_ns", "9"),
        ("worker_min_ns", "2"),
        ("max_rss_bytes", ""),
        ("memory_method", "floor"),
        ("major_faults", "1"),
        ("vol_ctx_switches", "2"),
        ("invol_ctx_switches", "3"),
        ("signal", "SIGKILL"),
        ("output_check", "none"),
        ("unused_reason", "failed"),
        ("outlier", ""),
        ("note", "'=killed, it was"),
    ] {
        assert_eq!(field(&table, row, name), want, "{name}");
    }
    let digest = field(&table, row, "output_digest");
    assert_eq!(digest, format!("sha256:{}", "ab".repeat(32)));
}

#[test]
fn the_steady_state_of_a_trial_stands_in_its_row_once_the_run_is_over() {
    let mut run = Run::new(fixture::experiment());
    let observation = run.measured(1).next().unwrap();
    let row = observation.trial.order as usize;
    observation.measured.iterations_ns =
        (0..80).map(|at| if at < 20 { 3_000 } else { 1_000 } + at * 7 % 11).collect();
    let standings = Standings::of(run.evidence());
    let table = read(&trials(&run, Some(&standings)));
    assert_eq!(field(&table, row, "steady_class"), "warmup");
    assert_eq!(field(&table, row, "steady_from_iter"), "20");
    let live = read(&trials(&run, None));
    assert_eq!(field(&live, row, "steady_class"), "");
    let summary =
        read(&summary::render(run.evidence(), &Summary::of(run.evidence(), &standings), "r1"));
    assert_eq!(field(&summary, 4, "steady_class"), "warmup", "the time of the second cell");
    assert_eq!(field(&summary, 5, "steady_class"), "", "its CPU time has no iterations");
}

#[test]
fn a_parameter_with_a_level_too_long_for_spreadsheets_is_text() {
    let mut experiment = fixture::experiment();
    experiment.params = vec![fixture::factor("n", &["-5", "1000000000000000"])];
    let run = Run::new(experiment);
    let table = read(&trials(&run, None));
    let of_cell = |id| {
        let row = (0..table.1.len()).find(|&row| field(&table, row, "cell_id") == id);
        field(&table, row.unwrap(), "param_n")
    };
    assert_eq!(of_cell("c001"), "'-5");
    assert_eq!(of_cell("c003"), "1_000_000_000_000_000");
}

#[test]
fn the_summary_has_one_row_a_cell_and_metric_and_whole_nanoseconds() {
    let run = Run::new(fixture::experiment());
    let standings = Standings::of(run.evidence());
    let bytes = summary::render(run.evidence(), &Summary::of(run.evidence(), &standings), "r1");
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(
        text.lines().nth(1).unwrap(),
        "r1,c001,sum,normal,1,1000000,time_ns,ns,lower,false,6,6,0,0,1,0,0,1003500,1001000,1006000,\
         0.95,0.96875,ok,0.002491280518186348,1003500,,,1871,0.001864303630679592,1500,1001000,\
         1002250,1004750,1006000,,,,1003500,0.004832240868896146,0.5,,,996512.207274539,\
         units/s,fixed_n,"
    );
    let table = read(&bytes);
    assert_eq!(table.1.len(), 4 * 4);
    assert_eq!(field(&table, 1, "metric"), "user_ns");
    assert_eq!(field(&table, 1, "ci_status"), "empty");
    assert_eq!(field(&table, 1, "median"), "");
}

#[test]
fn the_table_for_people_has_one_row_a_cell_and_whole_percents() {
    let mut run = Run::new(fixture::experiment());
    for observation in run.measured(1) {
        observation.measured.max_rss_bytes = Some(4096);
    }
    let standings = Standings::of(run.evidence());
    let found = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let heading = Heading { run_id: "r1", date: "2026-11-23", revision: None };
    let comparisons = Comparisons::of(run.evidence(), &standings, &found, &baselines);
    let bytes = table::render(run.evidence(), &found, (&baselines, &comparisons), heading);
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "run_id,date,revision,workload,strategy,workers,tasks,param_n,n_used,n_failed,\
             statistic,time_ns,time_lo_ns,time_hi_ns,min_ns,baseline,speedup_percent,speedup_lo_percent,\
             speedup_hi_percent,verdict,answer,peak_bytes",
            "r1,2026-11-23,,sum,normal,1,2,1000000,6,0,median,1003500,1001000,1006000,1001000,normal,100,,,,\
             499_999_666_667_166_666_000_000,",
            "r1,2026-11-23,,sum,multithread,2,2,1000000,6,0,median,2003500,2001000,2006000,2001000,normal,\
             50,50,50,slower,499_999_666_667_166_666_000_000,4096",
        ]
    );
}

#[test]
fn a_failure_takes_the_speed_up_away() {
    let mut run = Run::new(fixture::experiment());
    run.measured(0).next().unwrap().measured.status = Status::Failed;
    let standings = Standings::of(run.evidence());
    let found = Summary::of(run.evidence(), &standings);
    let baselines = Baselines::of(&run.experiment, &run.matrix);
    let speedup =
        |cell| table::cell_speedup(run.evidence(), &found, &baselines, crate::design::CellIx(cell));
    assert_eq!(speedup(1), None);
    assert!(speedup(3).is_some());
}

#[test]
fn a_total_has_its_sums_and_without_one_says_why() {
    let of = |spoil: &dyn Fn(&mut Run)| {
        let mut experiment = fixture::experiment();
        experiment.compare.sum = true;
        let mut run = Run::new(experiment);
        spoil(&mut run);
        let table = super::totals::render(&Findings::of(run.evidence()), "r1");
        let table = read(&table.expect("it was asked for"));
        assert_eq!(table.1.len(), 1);
        ["total", "comparisons", "baseline_sum", "candidate_sum", "ratio_status", "ratio_hi"]
            .map(|name| field(&table, 0, name).to_owned())
    };
    // Medians of 1 and 3 ms against 2 and 4 ms, and of six repeats 3.5 µs more each.
    let [total, comparisons, base, own, status, hi] = of(&|_| {});
    assert_eq!(total, "ratio_of_summed_medians");
    assert_eq!([&*comparisons, &*base, &*own, &*status], ["p001 p002", "4007000", "6007000", "ok"]);
    assert!(hi.parse::<f64>().is_ok_and(|hi| hi > 4_007.0 / 6_007.0), "{hi}");
    let failed = of(&|run| {
        run.measured(3).take(1).for_each(|row| row.measured.status = Status::Failed);
    });
    assert_eq!(failed[2..], ["", "", "incomplete", ""]);
    let late = of(&|run| {
        run.measured(3).take(4).for_each(|row| row.measured.status = Status::Timeout);
    });
    assert_eq!(late[2..], ["", "", "censored_median", ""]);
}
