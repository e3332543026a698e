//! Sales that leave for a training elsewhere, and models that come back.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use duckdb::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use xgboost::parameters::BoosterParameters;
use xgboost::{Booster, DMatrix};

use crate::program::{Server, TestFolder, wait_until};
use crate::skipping::skip;

/// Trees of each forest here: the price of a test.
const ROUNDS: i32 = 30;

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a document")).expect("JSON")
}

fn write_json(path: &Path, value: &Value) {
    std::fs::write(path, value.to_string()).expect("a file");
}

/// A job as somebody else would write it: from the manifest, the files and the library alone.
struct Job {
    export: PathBuf,
    manifest: Value,
}

impl Job {
    fn new(export: &Path) -> Self {
        Self { manifest: read_json(&export.join("manifest.json")), export: export.to_owned() }
    }

    fn forests(&self) -> &[Value] {
        self.manifest["plan"]["forests"].as_array().expect("forests")
    }

    /// The rows of `files`, column by column, in the order of batch, line and copy.
    fn read(&self, files: &str, columns: &[String], condition: &str) -> Vec<Vec<f32>> {
        let connection = Connection::open_in_memory().expect("a database");
        let names: Vec<String> = columns.iter().map(|name| format!("CAST(\"{name}\" AS DOUBLE)")).collect();
        let sql = format!(
            "SELECT {} FROM read_parquet('{}') WHERE {condition} ORDER BY ALL",
            names.join(", "),
            self.export.join(files).display()
        );
        let mut statement = connection.prepare(&sql).expect("a query");
        #[expect(clippy::cast_possible_truncation, reason = "the files have single precision")]
        let row = |row: &duckdb::Row<'_>| {
            (0..columns.len()).map(|place| Ok(row.get::<_, f64>(place)? as f32)).collect::<duckdb::Result<Vec<f32>>>()
        };
        statement.query_map([], row).expect("rows").collect::<Result<_, _>>().expect("numbers")
    }

    /// Trains every forest, and writes what `models import` reads into `result`.
    fn train(&self, result: &Path) {
        std::fs::create_dir_all(result).expect("a folder");
        let mut sums_by_forest = Vec::new();
        let mut forests = Vec::new();
        for forest in self.forests() {
            let columns: Vec<String> = serde_json::from_value(forest["columns"].clone()).expect("names");
            let name = forest["name"].as_str().expect("a name");
            let copies: Vec<String> =
                forest["copies"].as_array().expect("numbers").iter().map(Value::to_string).collect();
            let wanted = [columns.clone(), vec!["log_price".to_owned(), "trend".to_owned()]].concat();
            let rows = self.read("train/*/*.parquet", &wanted, &format!("copy IN ({})", copies.join(", ")));
            let seen: Vec<f32> = rows.iter().flat_map(|row| &row[..columns.len()]).copied().collect();
            let mut matrix = DMatrix::from_dense(&seen, rows.len()).expect("rows");
            matrix.set_labels(&rows.iter().map(|row| row[columns.len()]).collect::<Vec<f32>>()).expect("labels");
            #[expect(clippy::cast_possible_truncation, reason = "the library works in single precision")]
            let margin =
                |row: &Vec<f32>| forest["base_margin"].as_f64().map_or(row[columns.len() + 1], |mean| mean as f32);
            matrix.set_base_margin(&rows.iter().map(margin).collect::<Vec<f32>>()).expect("margins");
            let mut booster =
                Booster::new_with_cached_dmats(&BoosterParameters::default(), &[&matrix]).expect("a booster");
            for (name, value) in forest["parameters"].as_object().expect("parameters") {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                booster.set_param(name, &value).expect("a parameter");
            }
            for round in 0..ROUNDS {
                booster.update(&matrix, round).expect("a round");
            }
            booster.set_feature_names(&columns.iter().map(String::as_str).collect()).expect("names");
            let bytes = booster.save_buffer(true).expect("bytes");
            let file = format!("{name}.ubj");
            std::fs::write(result.join(&file), &bytes).expect("a file");
            let wanted = [vec!["probe".to_owned()], columns].concat();
            let probes = self.read("probes.parquet", &wanted, "true");
            let seen: Vec<f32> = probes.iter().flat_map(|row| &row[1..]).copied().collect();
            let matrix = DMatrix::from_dense(&seen, probes.len()).expect("rows");
            sums_by_forest.push(booster.predict_margin(&matrix).expect("sums"));
            forests.push(json!({
                "name": name,
                "file": file,
                "sha256": data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)),
                "rounds": ROUNDS,
                "parameters": forest["parameters"],
            }));
        }
        self.write_probe_prices(&result.join("probe_prices.parquet"), &sums_by_forest);
        write_json(
            &result.join("result.json"),
            &json!({
                "format": 1,
                "export": self.manifest["export"],
                "engine": "a test",
                "versions": {"xgboost": "3.4.1"},
                "rows": self.manifest["rows"],
                "seconds": 1.5,
                "forests": forests,
            }),
        );
    }

    fn write_probe_prices(&self, path: &Path, sums_by_forest: &[Vec<f32>]) {
        let trend = self.read("probes.parquet", &["probe".to_owned(), "trend".to_owned()], "true");
        let connection = Connection::open_in_memory().expect("a database");
        let names: Vec<&str> = self.forests().iter().map(|forest| forest["name"].as_str().expect("a name")).collect();
        let columns: Vec<String> = names.iter().map(|name| format!("{name} FLOAT")).collect();
        connection
            .execute_batch(&format!("CREATE TABLE said (probe BIGINT, {}, price_usd DOUBLE)", columns.join(", ")))
            .expect("a table");
        for (probe, trend) in trend.iter().enumerate() {
            let sums: Vec<f32> = sums_by_forest.iter().map(|sums| sums[probe]).collect();
            let parts = self.forests().iter().zip(&sums);
            let log_price: f64 = parts
                .map(|(forest, sum)| forest["base_margin"].as_f64().unwrap_or(f64::from(trend[1])) + f64::from(*sum))
                .sum();
            #[expect(clippy::cast_precision_loss, reason = "a few forests")]
            let price = (log_price / names.len() as f64).exp();
            let values: Vec<String> = sums.iter().map(|sum| format!("{sum:e}")).collect();
            connection
                .execute_batch(&format!("INSERT INTO said VALUES ({probe}, {}, {price:e})", values.join(", ")))
                .expect("a row");
        }
        connection.execute_batch(&format!("COPY said TO '{}' (FORMAT parquet)", path.display())).expect("a file");
    }
}

/// A folder with sales and their export.
fn exported(rows: usize) -> (TestFolder, Job) {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 5, 0, rows);
    test_folder.succeed(&["ingest", &sales]);
    test_folder.fix_holdout();
    test_folder.succeed(&["export", "sales", "out", "--buckets", "3"]);
    let job = Job::new(&test_folder.path("out"));
    (test_folder, job)
}

#[test]
fn a_model_that_was_trained_elsewhere_comes_home_and_answers() {
    let test_folder = TestFolder::trained(800);
    let server = Server::start(&test_folder);
    let said = test_folder.json(&["export", "sales", "out"]);
    let job = Job::new(&test_folder.path("out"));
    assert_eq!(said["export"], job.manifest["export"]);
    job.train(&test_folder.path("result"));
    let report = test_folder.json(&["models", "import", "result", "--promote", "always"]);
    assert_eq!((&report["champion"], &report["models"][0]["family"]), (&json!(3), &json!("xgboost")));
    assert!(report["models"][0]["metrics"]["r2"].as_f64().expect("a number") > 0.9, "{report}");

    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let answer = server.post("/v1/predictions", &stone).json();
    assert_eq!(answer["model"]["id"], 3);
    assert!(answer["range_usd"].is_object() && answer["price_usd"].as_f64().expect("a price") > 1_000.0, "{answer}");
    let model = server.get("/v1/models/3").json();
    assert_eq!(model["origin"]["engine"], "a test");
    assert_eq!(model["origin"]["export"], job.manifest["export"]);
    assert!(server.get("/v1/models/2").json().get("origin").is_none());
    let card = test_folder.succeed(&["models", "show", "3"]).stdout;
    assert!(card.contains("by a test (xgboost 3.4.1)"), "{card}");
    assert!(server.get("/models/3").body.contains("a test (xgboost 3.4.1)"));
}

#[test]
fn an_export_has_what_models_learn_and_nothing_of_the_holdout() {
    let (test_folder, job) = exported(900);
    let manifest = &job.manifest;
    let rows = |sql: &str| -> Vec<(i64, i64)> {
        let connection = Connection::open_in_memory().expect("a database");
        let mut statement = connection.prepare(sql).expect("a query");
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("rows")
            .map(|row| row.expect("a row"))
            .collect()
    };
    let files = test_folder.path("out/train/*/*.parquet").display().to_string();
    // which sales are held out is told by the split itself
    let split = diamonds::learning::evaluation::Split::new("test", 0.2);
    let all: Vec<diamonds::diamond::Sale> = diamonds::generator::Generator::new(5).take(900).collect();
    let learnt: HashSet<i64> =
        (1..).zip(&all).filter(|(_, sale)| !split.picks(sale)).map(|(line, _)| line + 1).collect();
    let lines = rows(&format!("SELECT DISTINCT line, batch FROM '{files}'"));
    assert_eq!(
        lines.iter().map(|(line, _)| *line).collect::<HashSet<_>>(),
        learnt,
        "lines of the file, after its header"
    );
    assert_eq!(manifest["sales"], learnt.len());
    assert_eq!(manifest["rows"], 3 * learnt.len());
    assert_eq!(
        rows(&format!("SELECT count(*), count(DISTINCT bucket) FROM '{files}'"))[0],
        (manifest["rows"].as_i64().expect("a number"), 3)
    );
    // all copies of a sale are in one bucket and one fold
    let apart = format!(
        "SELECT count(*), 0 FROM (SELECT 1 FROM '{files}' GROUP BY batch, line HAVING count(DISTINCT (bucket, fold)) > 1)"
    );
    assert_eq!(rows(&apart)[0].0, 0);
    for file in manifest["files"].as_array().expect("files").iter().chain([&manifest["probes"]]) {
        let bytes =
            std::fs::read(test_folder.path("out").join(file["path"].as_str().expect("a path"))).expect("a file");
        assert_eq!(file["sha256"], data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
        assert_eq!(file["bytes"], bytes.len());
    }
    let salt = test_folder.value("SELECT value FROM setting WHERE name = 'holdout_salt'");
    let text = std::fs::read_to_string(test_folder.path("out/manifest.json")).expect("a manifest");
    assert!(!text.contains(&format!("\"{}\"", salt.as_str().expect("text"))), "the salt stays here");

    let said = test_folder.fail(1, &["export", "sales", "out"]);
    assert!(said.contains("is not empty: name a new folder"), "{said}");
    let nothing = TestFolder::new();
    let said = nothing.fail(1, &["export", "sales", "out"]);
    assert!(said.contains("no sales to train on") && !nothing.path("out").exists(), "{said}");
}

#[test]
fn what_is_not_what_it_says_is_refused_and_nothing_is_stored() {
    let (test_folder, job) = exported(500);
    job.train(&test_folder.path("good"));
    let copy = |name: &str| {
        let to = test_folder.path(name);
        std::fs::create_dir(&to).expect("a folder");
        for entry in std::fs::read_dir(test_folder.path("good")).expect("a folder") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
        to
    };
    let refused = |name: &str, says: &str| {
        let said = test_folder.fail(1, &["models", "import", name]);
        assert!(said.contains(says), "{name}: {said}");
    };

    let stranger = copy("stranger");
    let mut result = read_json(&stranger.join("result.json"));
    result["export"] = json!("01a22c00-e2fd-728a-9033-bd84ee87134a");
    write_json(&stranger.join("result.json"), &result);
    refused("stranger", "knows no export 01a22c00");

    let changed = copy("changed");
    std::fs::write(changed.join("on_mean.ubj"), b"something else").expect("a file");
    refused("changed", "it is not the file that the job wrote");

    let fewer = copy("fewer");
    let mut result = read_json(&fewer.join("result.json"));
    result["forests"].as_array_mut().expect("forests").pop();
    write_json(&fewer.join("result.json"), &result);
    refused("fewer", "it has no forest");

    let outside = copy("outside");
    let mut result = read_json(&outside.join("result.json"));
    result["forests"][0]["file"] = json!("../good/on_trend.ubj");
    write_json(&outside.join("result.json"), &result);
    refused("outside", "is not one of this folder");

    let later = copy("later");
    let mut result = read_json(&later.join("result.json"));
    result["format"] = json!(2);
    write_json(&later.join("result.json"), &result);
    refused("later", "it is of form 2");

    let otherwise = copy("otherwise");
    let probes = otherwise.join("probe_prices.parquet").display().to_string();
    Connection::open_in_memory()
        .expect("a database")
        .execute_batch(&format!(
            "CREATE TABLE said AS SELECT * REPLACE (IF(probe = 17, on_mean + 0.01, on_mean) AS on_mean) FROM '{probes}';
             COPY said TO '{probes}' (FORMAT parquet)"
        ))
        .expect("other prices");
    refused("otherwise", "of probe 17");

    let without = copy("without");
    std::fs::remove_file(without.join("probe_prices.parquet")).expect("removed");
    refused("without", "it is missing");
    refused("out", "has no result.json");
    assert_eq!(test_folder.json(&["models", "list"])["models"], json!([]));
    test_folder.succeed(&["models", "import", "good"]);
}

#[test]
fn a_model_leaves_and_comes_back_and_says_the_same() {
    let test_folder = TestFolder::trained(600);
    test_folder.succeed(&["models", "export", "2", "left"]);
    let recipe = read_json(&test_folder.path("left/recipe.json"));
    assert_eq!((&recipe["model"], &recipe["target"]), (&json!("model.json"), &json!("log_price")));
    test_folder.succeed(&["models", "import", "left", "--promote", "never"]);
    let price = |model: &str| {
        test_folder.json(&[
            "predict",
            "--carat",
            "0.7",
            "--cut",
            "Good",
            "--color",
            "E",
            "--clarity",
            "VS1",
            "--model",
            model,
        ])["price_usd"]
            .clone()
    };
    assert_eq!(price("2"), price("3"));
    let said = test_folder.fail(1, &["models", "export", "1", "linear"]);
    assert!(
        said.contains("models of linear cannot be trained elsewhere") && !test_folder.path("linear").exists(),
        "{said}"
    );
    assert!(test_folder.fail(1, &["models", "export", "9", "none"]).contains('9'));

    let mut other = recipe.clone();
    other["features"].as_array_mut().expect("features").pop();
    write_json(&test_folder.path("left/recipe.json"), &other);
    let said = test_folder.fail(1, &["models", "import", "left"]);
    assert!(said.contains("name the feature behind each column"), "{said}");
}

/// The Python that has what a training on `engine` needs; `None`, with a word on standard error, where it is not made.
fn python_for(engine: &str) -> Option<PathBuf> {
    let environments = std::env::var_os("DIAMONDS_CLUSTER_PYTHON")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/diamonds-cluster")));
    let python = environments?.join(engine).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    skip(&format!("no Python with {engine}"));
    None
}

/// A process of a cluster, stopped when it goes out of scope.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Trains on `cluster` by one command, beside a server, which then answers with the model.
fn train_and_ask(test_folder: &TestFolder, server: &Server, python: &Path, cluster: &str) {
    let output = test_folder
        .command(&["--json", "retrain", "--on", cluster, "--trials", "3", "--promote", "always"])
        .env("DIAMONDS_PYTHON", python)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert!(report["models"][0]["metrics"]["r2"].as_f64().expect("a number") > 0.9, "{report}");
    assert_eq!(report["models"][0]["trials"], 3, "{report}");
    let errors = test_folder.json(&["sql", "SELECT number, mae_usd FROM trial WHERE model_id = 3 ORDER BY number"]);
    assert!(errors.as_array().expect("rows").iter().all(|trial| trial["mae_usd"].as_f64() > Some(0.0)), "{errors}");
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let answer = server.post("/v1/predictions", &stone).json();
    assert_eq!(answer["model"]["id"], report["champion"]);
    let left: Vec<String> = crate::program::files_in(&test_folder.path("."))
        .into_iter()
        .filter(|name| name.contains("diamonds-cluster-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_model_is_trained_on_a_dask_cluster() {
    let Some(python) = python_for("dask") else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let port = free_port();
    let address = format!("tcp://127.0.0.1:{port}");
    let dask = |arguments: &[&str]| {
        Process::start(Command::new(&python).args(["-m"]).args(arguments).current_dir(test_folder.path(".")))
    };
    let _scheduler = dask(&[
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "--no-dashboard",
        "--no-show",
    ]);
    wait_until("the scheduler listens", || listens(port));
    let worker = ["distributed.cli.dask_worker", &address, "--nworkers", "1", "--nthreads", "1", "--no-dashboard"];
    let _workers = [dask(&worker), dask(&worker)];
    train_and_ask(&test_folder, &server, &python, &format!("dask://127.0.0.1:{port}"));
    let model = server.get("/v1/models/3").json();
    assert_eq!(model["origin"]["engine"], "dask");

    // in three steps, and stopped early
    test_folder.succeed(&["export", "sales", "out"]);
    let job = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/dask/train.py"))
        .args(["out", "result", "--scheduler", &address, "--early-stopping", "5"])
        .current_dir(test_folder.path("."))
        .output()
        .expect("Python");
    assert!(job.status.success(), "{}", String::from_utf8_lossy(&job.stderr));
    let result = read_json(&test_folder.path("result/result.json"));
    let rounds = |forest: &Value| forest["rounds"].as_u64().expect("a number");
    let forests = result["forests"].as_array().expect("forests");
    assert!(
        forests.iter().all(|forest| rounds(forest) > 0) && forests.iter().any(|forest| rounds(forest) < 300),
        "{result}"
    );
    test_folder.succeed(&["models", "import", "result", "--promote", "never"]);

    // nobody is there: said at once, and nothing is changed
    let said = test_folder
        .command(&["retrain", "--on", &format!("dask://127.0.0.1:{}", free_port())])
        .env("DIAMONDS_PYTHON", &python)
        .env("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "2s")
        .output()
        .expect("the program runs");
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("the training on dask failed, and nothing was changed"), "{said}");
}

#[test]
fn a_model_is_trained_on_a_spark_cluster() {
    let Some(python) = python_for("spark") else { return };
    let home = Command::new(&python)
        .args(["-c", "import pyspark, pathlib; print(pathlib.Path(pyspark.__file__).parent)"])
        .output()
        .expect("Python");
    let home = String::from_utf8_lossy(&home.stdout).trim().to_owned();
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let [port, page] = [free_port(), free_port()].map(|port| port.to_string());
    let spark = |arguments: &[&str]| {
        Process::start(
            Command::new(format!("{home}/bin/spark-class"))
                .args(arguments)
                .current_dir(test_folder.path("."))
                .env("SPARK_HOME", &home)
                .env("SPARK_LOCAL_IP", "127.0.0.1")
                .env("PYSPARK_PYTHON", &python),
        )
    };
    let master = "org.apache.spark.deploy.master.Master";
    let _master = spark(&[master, "--host", "127.0.0.1", "--port", &port, "--webui-port", &page]);
    let number: u16 = port.parse().expect("a port");
    wait_until("the master listens", || listens(number));
    let address = format!("spark://127.0.0.1:{port}");
    let worker = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "2g", &address];
    let _workers = [spark(&worker), spark(&worker)];
    train_and_ask(&test_folder, &server, &python, &address);
    assert_eq!(server.get("/v1/models/3").json()["origin"]["engine"], "spark");
}

#[test]
fn python_reads_a_model_that_left_and_says_the_same() {
    let Some(python) = python_for("dask") else { return };
    let test_folder = TestFolder::trained(600);
    test_folder.succeed(&["models", "export", "2", "left"]);
    let said = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/read_model.py"))
        .arg(test_folder.path("left"))
        .output()
        .expect("Python");
    let said = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    let worst: f64 = said.trim().rsplit(' ').next().and_then(|number| number.parse().ok()).expect(&said);
    assert!(worst < 2e-6, "{said}");
}

#[test]
fn without_a_python_for_it_a_cluster_is_not_asked() {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 5, 0, 300);
    test_folder.succeed(&["ingest", &sales]);
    let said = test_folder
        .command(&["retrain", "--on", "dask"])
        .env("DIAMONDS_PYTHON", "no-python-has-this-name")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        said.contains("install uv, or name a Python by DIAMONDS_PYTHON") && said.contains("dask[dataframe]=="),
        "{said}"
    );
    assert!(test_folder.fail(2, &["retrain", "--on", "ray://x:1"]).contains("dask://HOST:8786"));
    assert_eq!(test_folder.value("SELECT count(*) FROM sales_export"), 0);
}

/// Rows of the Parquet files of an exported log, by day and node.
fn exported_rows(folder: &Path) -> Vec<(String, String, i64)> {
    let connection = Connection::open_in_memory().expect("a database");
    let sql = format!(
        "SELECT CAST(day AS VARCHAR), node, count(*) FROM read_parquet('{}/*/*.parquet', hive_partitioning = true) \
         GROUP BY ALL ORDER BY ALL",
        folder.display()
    );
    let mut statement = connection.prepare(&sql).expect("a query");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn the_log_leaves_by_days_and_only_what_is_new() {
    let test_folder = TestFolder::trained(400);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let log = |count: usize, times: &[&str]| {
        let server = Server::start(&test_folder);
        for _ in 0..count {
            assert_eq!(server.post("/v1/predictions", &stone).status, 200);
        }
        server.stop();
        // the newest, as if they had come at these times
        let database = Connection::open(test_folder.database()).expect("the file");
        for (place, time) in times.iter().enumerate() {
            for (table, column) in [("request", "received_at"), ("prediction", "predicted_at")] {
                database
                    .execute_batch(&format!(
                        "UPDATE {table} SET {column} = '{time}' WHERE id = (SELECT id FROM {table} \
                         WHERE {column} > now()::TIMESTAMP - INTERVAL 1 HOUR ORDER BY {column} LIMIT 1) AND {place} >= 0"
                    ))
                    .expect("another time");
            }
        }
    };
    log(4, &["2026-03-01 23:59:59.5", "2026-03-02 00:00:00", "2026-03-02 10:00:00"]);
    let export = |table: &str, node: &str| {
        test_folder.json(&["export", table, &format!("lake/{table}"), "--node", node])["rows"].clone()
    };
    let lake = test_folder.path("lake/requests");
    let day = |day: &str, node: &str, rows: i64| (day.to_owned(), node.to_owned(), rows);
    assert_eq!(export("requests", "shop-1"), 3, "the newest may not be whole yet");
    assert_eq!(exported_rows(&lake), [day("2026-03-01", "shop-1", 1), day("2026-03-02", "shop-1", 2)]);
    assert_eq!(export("requests", "shop-1"), 0, "all of it is there");
    assert_eq!(export("predictions", "shop-1"), 3);
    assert_eq!(exported_rows(&test_folder.path("lake/predictions")).len(), 2);

    // another machine shares the folder
    assert_eq!(export("requests", "shop-2"), 3);
    assert_eq!(exported_rows(&lake).len(), 4);
    assert_eq!(exported_rows(&lake)[0], day("2026-03-01", "shop-1", 1));

    // broken off after the first day: the rest comes, and nothing twice
    let progress = lake.join("_progress-shop-1.json");
    let mut document = read_json(&progress);
    document["until"] = json!("2026-03-02T00:00:00Z");
    write_json(&progress, &document);
    assert_eq!(export("requests", "shop-1"), 2);
    assert_eq!(exported_rows(&lake).len(), 4);
    assert_eq!(exported_rows(&lake).iter().map(|(.., rows)| rows).sum::<i64>(), 6);

    let said = test_folder.fail(1, &["export", "predictions", "lake/requests", "--node", "shop-1"]);
    assert!(said.contains("this folder has requests: name another for predictions"), "{said}");
    assert!(test_folder.fail(2, &["export", "requests", "x", "--node", "../shop"]).contains("letters, digits"));
}
