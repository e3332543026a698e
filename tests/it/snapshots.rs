//! What the program prints, what its pages say and the document of its API, as snapshots: a change of any of it is seen in the
//! change itself. `cargo insta review` shows and accepts new ones.

use diamonds::store::Store;
use duckdb::Connection;
use serde_json::json;

use crate::program::{Server, TestFolder};

/// What differs from run to run, and what stands for it; as long as it was, so that tables keep their widths.
const FILTERS: [(&str, &str); 11] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "00000000-0000-7000-8000-000000000000"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-01 00:00:00"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-01 00:00"),
    // a time that a narrow table wraps after the day
    (r"\d{4}-\d\d-\d\d  ", "2026-01-01  "),
    (r"(?m)^( +)\d\d:\d\d(:\d\d)?", "${1}00:00"),
    (r"(\d+\.\d{6})\d+", "$1"),
    (r"\d{1,2} [A-Z][a-z]+ 20\d\d(, \d\d:\d\d)?", "1 January 2026"),
    (r"\d+\.\d s\b", "0.0 s"),
    (r"\.(css|js|svg)\?[0-9a-f]{16}", ".$1?0000000000000000"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:8080"),
    (r"/[^ ]*/\.tmp[A-Za-z0-9]+", "/folder"),
];

fn assert_snapshot(name: &str, text: &str) {
    insta::with_settings!({ filters => FILTERS, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

/// A file with a batch that has rejected rows, two linear models, an outcome and two requests; the same in every run.
fn file() -> TestFolder {
    let test_folder = TestFolder::new();
    drop(Store::open(&test_folder.database()).expect("a file"));
    test_folder.fix_holdout();
    let sales = test_folder.write_sales("sales.csv", 5, 0, 900);
    test_folder.succeed(&["ingest", &sales]);
    let odd = "carat,cut,color,clarity,depth,table,price,x,y,z\n1.1,Great,H,SI2,62,55,4733,6.61,6.65,4.11\n\
               1.1,Ideal,H,SI2,62,55,-1,6.61,6.65,4.11\n1.1,Ideal,H,SI2,62,55,4733,6.61,66.5,4.11\n1.1,Ideal\n";
    let odd = test_folder.write("a file with a rather long name that somebody gave it.csv", odd);
    test_folder.succeed(&["ingest", &odd]);
    for _ in 0..2 {
        test_folder.succeed(&["retrain", "--family", "linear"]);
    }
    let stone = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];
    let prediction = test_folder.json(&[&["predict"][..], &stone].concat());
    let outcomes = test_folder
        .write("outcomes.csv", format!("prediction,price_usd\n{},4800\n", prediction["id"].as_str().expect("an id")));
    test_folder.succeed(&["outcomes", "import", &outcomes]);
    Connection::open(test_folder.database())
        .expect("the file")
        .execute_batch(
            "UPDATE batch SET file_name = '/shop/' || regexp_extract(file_name, '[^/]*$');
             INSERT INTO request VALUES
             ('01a20896-3162-7364-a6f7-2c6f03aa2d1e', '2026-03-01 12:00:00', 'POST', '/v1/predictions', NULL, 200, 89, 1,
              '127.0.0.1:50000', '{\"carat\":1.1}', '{\"price_usd\":4733}', 'shop1'),
             ('01a20896-3163-7364-a6f7-2c6f03aa2d1f', '2026-03-01 12:00:01', 'GET', '/v1/similar',
              'carat=1.1&cut=Very%20Good&color=H&clarity=SI2&n=500', 422, 1204, NULL, NULL, NULL, '{\"status\":422}', NULL)",
        )
        .expect("rows");
    test_folder
}

#[test]
fn the_command_line_prints_what_it_did() {
    let test_folder = file();
    let stone = ["--carat", "1.1", "--cut", "Ideal", "--color", "H", "--clarity", "SI2"];
    let commands: [(&str, Vec<&str>); 13] = [
        ("batches-list", vec!["batches", "list"]),
        ("batches-show", vec!["batches", "show", "2"]),
        ("models-list", vec!["models", "list"]),
        ("models-show", vec!["models", "show", "1"]),
        ("models-compare", vec!["models", "compare", "1", "2"]),
        ("outcomes-list", vec!["outcomes", "list"]),
        ("predict", [&["predict", "--explain"][..], &stone].concat()),
        ("requests-list", vec!["requests", "list"]),
        ("requests-show", vec!["requests", "show", "01a20896-3162-7364-a6f7-2c6f03aa2d1e"]),
        ("similar", [&["similar"][..], &stone].concat()),
        (
            "sql",
            vec!["sql", "SELECT cut, count(*) AS sales, avg(price_usd) AS mean FROM sale GROUP BY cut ORDER BY cut"],
        ),
        ("prune", vec!["models", "prune", "--keep", "0", "--dry-run"]),
        ("ingest", vec!["ingest", "sales.csv", "--dry-run"]),
    ];
    for width in ["80", "120"] {
        for (name, arguments) in &commands {
            let output = test_folder.command(arguments).env("COLUMNS", width).output().expect("the program runs");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).expect("text");
            assert_snapshot(&format!("{name}-{width}"), &text);
        }
    }
}

#[test]
fn help_says_what_each_command_does() {
    let test_folder = TestFolder::new();
    for command in [
        "",
        "ingest",
        "retrain",
        "serve",
        "predict",
        "price-list",
        "similar",
        "models",
        "requests",
        "batches",
        "outcomes",
        "quotes",
        "shop",
        "shop set",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = test_folder.succeed(&arguments).stdout;
        assert_snapshot(
            &format!("help-{}", if command.is_empty() { "diamonds".to_owned() } else { command.replace(' ', "-") }),
            &said,
        );
    }
}

/// The text of a page: without what is between angle brackets, and without empty lines.
fn text_of(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let mut text = String::new();
    let mut is_tag = true;
    for character in body.chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            other => text.push(other),
        }
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn pages_and_the_document_of_the_api_say_what_they_said() {
    let test_folder = file();
    let server = Server::start(&test_folder);
    let pages = [
        ("page-price-empty", "/"),
        ("page-price", "/?carat=1.1&cut=Ideal&color=H&clarity=SI2&x=6.61&pin=1.05+Ideal+G+SI2"),
        ("page-price-for-customer", "/?carat=1.1&cut=Ideal&color=H&clarity=SI2&x=6.61&view=customer"),
        ("page-price-mistakes", "/?carat=1,1&cut=Great&color=H"),
        ("page-models", "/models"),
        ("page-model", "/models/1"),
        ("page-comparison", "/models/compare?a=1&b=2"),
        ("page-request", "/requests/01a20896-3162-7364-a6f7-2c6f03aa2d1e"),
        ("page-docs", "/docs"),
    ];
    for (name, path) in pages {
        assert_snapshot(name, &text_of(&server.get(path).body));
    }
    let buying = [("stone", "1.1 ideal H SI2"), ("margin", "20"), ("asking", "$4.500")];
    assert_snapshot("page-price-for-buyer", &text_of(&server.post_form("/", &buying).body));
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"});
    let prediction = server.post("/v1/predictions?explain=true", &stone).json();
    let quote = server.get(&format!("/predictions/{}", prediction["id"].as_str().expect("an id"))).body;
    assert_snapshot("page-prediction", &text_of(&quote));
    assert_snapshot("openapi", &format!("{:#}", server.get("/openapi.json").json()));
}
