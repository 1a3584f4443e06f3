//! `scaling.csv` and `scaling_points.csv` of real runs.

use crate::support::Sandbox;

const SERIES: &str = r#"
title = "Scaling"
seed = 5
[params]
n = 2_000
chunk = "= n / workers"
[workloads.sum]
kind = "power-sum"
tasks = 24
[workloads.say]
command = ["sh", "-c", "echo {n}; : {chunk}"]
[strategies]
alone = "sequential"
many = { kind = "threads", workers = [1, 2, 3, 4, 6, 8] }
itself = { kind = "external", workers = [1, 2] }
[protocol]
repeats = 2
isolation = "thread"
"#;

#[test]
fn a_series_has_a_row_a_model_and_a_row_a_point() {
    let sandbox = Sandbox::new();
    sandbox.experiment("series", SERIES).expect_code(0);
    let all = sandbox.table("series", "scaling_points.csv");
    let (points, own) = all.split_at(6);
    let workers: Vec<u64> = all.iter().map(|point| point.integer("workers")).collect();
    assert_eq!(workers, [1, 2, 3, 4, 6, 8, 1, 2], "the sequential cells are no series");
    for point in points {
        assert_eq!(point.get("series_id"), "s001");
        assert_eq!((point.get("strategy"), point.get("param_n")), ("many", "2000"));
        assert_eq!((point.get("scaling"), point.get("rate_unit")), ("strong", "units/s"));
        let number = |column: &str| point.get(column).parse::<f64>().expect("a number");
        let speedup = number("rate") / points[0].get("rate").parse::<f64>().expect("a number");
        assert!((number("speedup") - speedup).abs() <= 1e-12 * speedup);
        let efficiency = speedup / number("workers");
        assert!((number("efficiency") - efficiency).abs() <= 1e-12 * efficiency);
        assert_eq!(point.get("karp_flatt").is_empty(), point.get("workers") == "1");
    }
    assert_eq!((points[0].get("speedup"), own[0].get("speedup")), ("1", "1"));
    let chunks: Vec<&str> = own.iter().map(|point| point.get("param_chunk")).collect();
    assert_eq!(chunks, ["2000", "1000"]);
    assert_eq!((own[0].get("workload"), own[0].get("rate_unit")), ("say", "trials/s"));

    let all = sandbox.table("series", "scaling.csv");
    let (models, own) = all.split_at(2);
    let names: Vec<&str> = all.iter().map(|model| model.get("model")).collect();
    assert_eq!(names, ["amdahl", "usl", "amdahl", "usl"]);
    let selected = models.iter().filter(|model| model.get("selected") == "true").count();
    assert_eq!(selected, 1);
    for model in models {
        assert_eq!((model.get("series_id"), model.get("strategy")), ("s001", "many"));
        assert_eq!((model.get("workers"), model.get("n_levels")), ("1 2 3 4 6 8", "6"));
        assert_eq!(model.get("param_n"), "2000");
        assert_ne!(model.get("fit_status"), "too_few_levels");
        let alpha: f64 = model.get("alpha").parse().expect("a fitted value");
        assert!((0.0..=1.0).contains(&alpha), "{alpha}");
    }
    for model in own {
        assert_eq!((model.get("param_n"), model.get("param_chunk")), ("2000", ""));
        assert_eq!((model.get("fit_status"), model.get("alpha")), ("too_few_levels", ""));
        assert_eq!((model.get("selected"), model.get("df")), ("false", ""));
    }
}

#[test]
fn without_a_series_there_are_no_files() {
    let sandbox = Sandbox::new();
    let text = SERIES.replace("[1, 2, 3, 4, 6, 8]", "2").replace("workers = [1, 2]", "workers = 2");
    sandbox.experiment("none", &text).expect_code(0);
    let latest = sandbox.latest("none");
    assert!(latest.join("summary.csv").exists());
    for name in ["scaling.csv", "scaling_points.csv"] {
        assert!(!latest.join(name).exists(), "{name}");
    }
}
