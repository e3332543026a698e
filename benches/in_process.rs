//! What a request costs inside the process, each beside the raw engine that it replaces or rests on.
//!
//! `make bench-in-process`; the ratios count, not the times: they are taken in one run on one machine.

#![allow(clippy::expect_used, missing_docs)]

use std::borrow::Cow;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use diamonds::diamond::{Measurements, Sale, Stone, StoneDescription};
use diamonds::generator::Generator;
use diamonds::learning::families::xgboost::{TreeModel, train_plain};
use diamonds::learning::families::{GradeSet, Model};
use diamonds::learning::features::encode_f32;
use diamonds::learning::promises::PromisedModel;
use diamonds::pricing::SimilarIndex;
use diamonds::store::{NewRequest, Store, Upload};
use jiff::Timestamp;
use uuid::Uuid;

/// Trees of each of the two forests, and leaves of each tree, of the model that prices are timed with.
const TREES: u32 = 150;
const LEAVES: u32 = 64;
/// How many sales similar stones are looked for among: 54,000 unless `DIAMONDS_BENCH_SALES` says another number.
fn number_of_sales() -> usize {
    std::env::var("DIAMONDS_BENCH_SALES").ok().and_then(|text| text.parse().ok()).unwrap_or(54_000)
}

fn prices(criterion: &mut Criterion) {
    let sales: Vec<Sale> = Generator::new(1).take(4_000).collect();
    let stones: Vec<Stone> = sales.iter().map(|sale| sale.stone).collect();
    let bytes = train_plain(&sales, TREES, LEAVES).expect("a fit");
    let model = TreeModel::from_json(&bytes).expect("a model");
    let library = xgboost::Booster::load_buffer(&bytes).expect("a booster");
    let mut group = criterion.benchmark_group("price of one stone, 300 trees of 64 leaves");
    let mut next = stones.iter().cycle();
    group.bench_function("walk", |bencher| {
        bencher.iter(|| model.price_usd(black_box(next.next().expect("endless"))));
    });
    let mut next = stones.iter().cycle();
    group.bench_function("walk, every colour and clarity", |bencher| {
        bencher.iter(|| model.prices_by_grade(black_box(next.next().expect("endless")), GradeSet::ALL));
    });
    let large = Generator::new(1).take(43_000).collect::<Vec<Sale>>();
    let served = TreeModel::from_json(&train_plain(&large, 200, 256).expect("a fit")).expect("a model");
    let served = PromisedModel::new(Box::new(served));
    let mut next = stones.iter().cycle();
    group.bench_function("whole stone, as served at 54,000 sales", |bencher| {
        bencher.iter(|| served.price_usd(black_box(next.next().expect("endless"))));
    });
    let four_cs: Vec<Stone> = stones.iter().map(|stone| stone.with_four_cs_only()).collect();
    let mut next = four_cs.iter().cycle();
    group.bench_function("stone of four Cs", |bencher| {
        bencher.iter(|| served.price_usd(black_box(next.next().expect("endless"))));
    });
    let mut next = stones.iter().cycle();
    group.bench_function("raw: XGBoost's library", |bencher| {
        bencher.iter(|| {
            let row = encode_f32(model.features(), [next.next().expect("endless")]);
            let matrix = xgboost::DMatrix::from_dense(&row, 1).expect("a matrix");
            library.predict_margin(&matrix).expect("a prediction")
        });
    });
    group.finish();
}

fn similar_stones(criterion: &mut Criterion) {
    let number = number_of_sales();
    let sales: Vec<Sale> = Generator::new(2).take(number).collect();
    let questions: Vec<StoneDescription> = sales.iter().step_by(97).map(|sale| describe(&sale.stone)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let mut csv = Vec::new();
    Generator::new(2).write_csv(&mut csv, number as u64, 0.0).expect("memory takes all");
    let path = folder.path().join("bench.duckdb");
    Store::open(&path).expect("a file").ingest(&Upload::from_bytes("sales.csv", csv), false).expect("sales");
    let database = duckdb::Connection::open(&path).expect("the file");
    let mut query = database
        .prepare(
            "SELECT * FROM sale WHERE cut = $1 AND color = $2 AND clarity = $3 \
             ORDER BY abs(carat - $4), price_usd LIMIT 5",
        )
        .expect("a query");
    let index = SimilarIndex::new(&sales);
    let mut group = criterion.benchmark_group(format!("five similar stones among {number}"));
    let mut next = questions.iter().cycle();
    group.bench_function("index", |bencher| {
        bencher.iter(|| index.nearest(black_box(next.next().expect("endless")), 5).expect("in memory"));
    });
    let mut next = questions.iter().cycle();
    group.bench_function("raw: DuckDB, prepared", |bencher| {
        bencher.iter(|| {
            let stone = next.next().expect("endless");
            query
                .query_map(
                    duckdb::params![
                        stone.cut.to_string(),
                        stone.color.to_string(),
                        stone.clarity.to_string(),
                        stone.carat
                    ],
                    |row| row.get::<_, f64>("price_usd"),
                )
                .expect("rows")
                .count()
        });
    });
    group.finish();
}

fn describe(stone: &Stone) -> StoneDescription {
    StoneDescription {
        carat: stone.weight_carat,
        cut: stone.cut,
        color: stone.color,
        clarity: stone.clarity,
        measurements: Measurements::default(),
    }
}

fn request_log(criterion: &mut Criterion) {
    // on the disk: what is timed is durable
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let store = Store::open(&folder.path().join("log.duckdb")).expect("a file");
    let mut journal = store.journal().expect("a journal");
    let mut group = criterion.benchmark_group("requests logged and durable, in one group");
    group.sample_size(30);
    for size in [1_usize, 32, 256] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter_batched(
                || (0..size).map(|_| request().to_entry().expect("an entry")).collect::<Vec<_>>(),
                |entries| journal.append(&entries).expect("written"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn request() -> NewRequest<'static> {
    NewRequest {
        id: Uuid::now_v7(),
        time: Timestamp::now(),
        method: "POST".to_owned(),
        path: "/v1/predictions".to_owned(),
        query: None,
        status: 200,
        latency_us: 40,
        model_id: Some(2),
        client: Some("127.0.0.1:50000".to_owned()),
        request_body: Cow::Borrowed(br#"{"carat":1.1,"cut":"Ideal","color":"H","clarity":"SI2","depth":62.0,"table":55,"x":6.61,"y":6.65,"z":4.11}"#),
        response_body: Cow::Borrowed(br#"{"id":"01a208bd-dca0-753c-8533-55f4254912a0","price_usd":4534.4,"price_per_carat_usd":4122.19,"currency":"USD","model":{"id":2,"family":"xgboost"},"assumed":{}}"#),
        predictions: Cow::Borrowed(&[]),
            key_name: None,
    }
}

criterion_group!(benches, prices, similar_stones, request_log);
criterion_main!(benches);
