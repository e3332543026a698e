//! Files as people have them: each goes in as they meant it, or says in one sentence why not.

use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::program::TestFolder;
use crate::shared;

const HEADER: &str = "carat,cut,color,clarity,depth,table,price,x,y,z";
const ROWS: [&str; 3] = [
    "1.06,Ideal,G,VS1,61.5,57,7310,6.55,6.57,4.03",
    "0.41,Premium,E,SI1,62.3,58,912,4.73,4.76,2.96",
    "1.21,Very Good,H,VS2,62.8,59,6480,6.72,6.77,4.24",
];

/// What a shared file is to give: rows that go in and rows that do not, or words of the sentence why nothing does.
enum Wanted {
    Rows(i64, i64),
    Refused(&'static str),
}

#[test]
fn every_shape_in_which_people_have_their_files_goes_in_or_says_why_not() {
    use Wanted::{Refused, Rows};

    let Some(shared) = shared::folder() else { return };
    let shared = shared.join("cases");
    for (file, wanted) in [
        ("01-rapnet-lots/lots.csv", Rows(12, 0)),
        ("04-carat-weight-dollar/diamond.csv", Rows(12, 0)),
        ("05-colour/bling.csv", Rows(12, 0)),
        ("05-colour/bling-integers.csv", Refused("numbers (4, 4, 1) where grades are wanted")),
        ("06-row-numbers/diamonds.csv", Rows(10, 2)),
        ("06-row-numbers/pandas.csv", Rows(12, 0)),
        ("06-row-numbers/write_csv.csv", Rows(12, 0)),
        ("07-decimal-comma/vendite.csv", Rows(12, 0)),
        ("07-decimal-comma/vendite-sep.csv", Rows(12, 0)),
        ("07-decimal-comma/vendite-tausender.csv", Rows(12, 0)),
        ("07-decimal-comma/mixed-thousands-dot.csv", Rows(12, 0)),
        ("08-dollars/export.csv", Rows(12, 0)),
        ("08-dollars/export-percent.csv", Rows(12, 0)),
        ("09-utf16/unicode-text.txt", Rows(12, 0)),
        ("10-windows-1252/lager.csv", Rows(12, 0)),
        ("11-xlsx/sales.xlsx", Rows(12, 0)),
        ("12-gz/sales.csv.gz", Rows(12, 0)),
        ("12-gz/sales.zip", Rows(12, 0)),
        ("13-json-array/diamonds.json", Rows(12, 0)),
        ("13-json-array/pretty.json", Rows(12, 0)),
        ("13-json-array/wrapped.json", Rows(12, 0)),
        ("13-json-array/text-numbers.jsonl", Rows(12, 0)),
        ("13-json-array/title-case.jsonl", Rows(12, 0)),
        ("14-na/sales.csv", Rows(10, 2)),
        ("15-line-break/stock.csv", Rows(12, 0)),
        ("16-header-again/all.csv", Rows(12, 0)),
        ("17-other-grades/mixed.csv", Rows(23, 13)),
        ("18-shapes/shapes.csv", Rows(3, 9)),
        ("19-xtream-dirty/diamonds.csv", Rows(10, 3)),
        ("20-units-and-titles/units.csv", Rows(12, 0)),
        ("20-units-and-titles/title-row.csv", Rows(12, 0)),
        ("20-units-and-titles/ragged.csv", Rows(12, 0)),
        ("20-units-and-titles/cm.csv", Refused("centimetres")),
        ("20-units-and-titles/points.csv", Refused("points, of which a carat has 100")),
        ("20-units-and-titles/hundreds.csv", Refused("hundreds of dollars")),
    ] {
        let test_folder = TestFolder::new();
        let path = shared.join(file).display().to_string();
        match wanted {
            Rows(accepted, rejected) => {
                let report = test_folder.json(&["ingest", &path])["files"][0].clone();
                assert_eq!(
                    (&report["accepted"], &report["rejected"]),
                    (&json!(accepted), &json!(rejected)),
                    "{file}: {report}"
                );
                let dear =
                    test_folder.value("SELECT count(*) FROM sale WHERE price_usd / carat NOT BETWEEN 500 AND 20000");
                assert_eq!(dear, 0, "{file}: prices that no such stone has");
            }
            Refused(words) => {
                let said = test_folder.fail(1, &["ingest", &path]);
                assert!(said.contains(words), "{file}: {said}");
            }
        }
    }
}

/// Ingests a file, and gives its report.
fn ingest(test_folder: &TestFolder, name: &str, content: impl AsRef<[u8]>, more: &[&str]) -> Value {
    let path = test_folder.write(name, content);
    test_folder.json(&[&["ingest", &path][..], more].concat())["files"][0].clone()
}

#[test]
fn a_workbook_goes_in_from_the_sheet_that_has_the_sales() {
    let test_folder = TestFolder::new();
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write_string(0, 0, "Read me").expect("a cell");
    let sheet = workbook.add_worksheet();
    sheet.set_name("Sales").expect("a name");
    sheet.write_string(0, 2, "Stock list").expect("a cell");
    for (column, name) in (1..).zip(["Weight", "Cut", "Colour", "Clarity", "Total Price", "Measurements"]) {
        sheet.write_string(2, column, name).expect("a cell");
    }
    for (row, carat) in (3..).zip([0.31_f64, 0.7, 1.01, 1.5]) {
        sheet.write_number(row, 1, carat).expect("a cell");
        for (column, text) in [(2, "EX"), (3, "G"), (4, "VS1"), (6, "6.45-6.51x4.01")] {
            sheet.write_string(row, column, text).expect("a cell");
        }
        sheet.write_number(row, 5, (5_000.0 * carat * carat).round()).expect("a cell");
    }
    let bytes = workbook.save_to_buffer().expect("a workbook");
    let report = ingest(&test_folder, "sales.xlsx", bytes, &[]);
    assert_eq!((&report["accepted"], &report["reading"]["header_line"]), (&json!(4), &json!(3)), "{report}");
    assert!(report["reading"]["notes"][0].as_str().is_some_and(|note| note.contains("Sales is read")), "{report}");
    assert_eq!(test_folder.value("SELECT min(line_number) FROM sale"), 4, "lines are those of the sheet");
}

#[test]
fn what_the_user_says_of_a_file_counts() {
    let test_folder = TestFolder::new();
    let table = |rows: &[String]| format!("{HEADER}\n{}\n", rows.join("\n"));
    let rows = |change: &dyn Fn(&str) -> String| table(&ROWS.map(change));

    let renamed = rows(&|row| row.to_owned()).replace("price", "Erlös");
    let said = test_folder.fail(1, &["ingest", &test_folder.write("named.csv", &renamed)]);
    assert!(said.contains("no column price") && said.contains("--map price=HEADER"), "{said}");
    assert_eq!(ingest(&test_folder, "named.csv", &renamed, &["--map", "price=erlös"])["accepted"], 3);
    let said = test_folder.fail(1, &["ingest", "named.csv", "--map", "price=Preis"]);
    assert!(said.contains("has no such column") && said.contains("Erlös"), "{said}");

    let mixed = rows(&|row| row.replacen("1.06", "\"1,07\"", 1));
    let said = test_folder.fail(1, &["ingest", &test_folder.write("mixed.csv", &mixed)]);
    assert!(said.contains("column carat") && said.contains("--decimal"), "{said}");
    let report = ingest(&test_folder, "mixed.csv", &mixed, &["--decimal", "."]);
    assert_eq!((&report["known"], &report["rejected"]), (&json!(2), &json!(1)), "{report}");

    let points = rows(&|row| row.replacen("1.06", "107", 1).replacen("0.41", "42", 1).replacen("1.21", "122", 1));
    test_folder.fail(1, &["ingest", &test_folder.write("points.csv", &points)]);
    ingest(&test_folder, "points.csv", &points, &["--unit", "carat=points"]);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale WHERE carat IN (1.07, 0.42, 1.22)"), 3);

    let euros = rows(&|row| {
        row.replacen(",7310,", ",6001 €,", 1).replacen(",912,", ",701 €,", 1).replacen(",6480,", ",5001 €,", 1)
    });
    let said = test_folder.fail(1, &["ingest", &test_folder.write("euros.csv", &euros)]);
    assert!(said.contains("in EUR") && said.contains("--rate"), "{said}");
    ingest(&test_folder, "euros.csv", &euros, &["--rate", "1.1"]);
    assert_eq!(
        test_folder.value("SELECT round(max(price_usd), 2) FROM sale WHERE batch_id = 4").as_f64(),
        Some(6_601.1)
    );

    let shapes = rows(&|row| format!("{row},Pear")).replace("z\n", "z,shape\n").replace("7310", "7311");
    let nothing = test_folder.run(&["ingest", &test_folder.write("shapes.csv", &shapes)]);
    assert_eq!(nothing.code, 1, "{}", nothing.stderr);
    assert!(
        nothing.stdout.contains("its shape is Pear") && nothing.stderr.contains("nothing of"),
        "{}",
        nothing.stdout
    );
    assert_eq!(ingest(&test_folder, "shapes.csv", &shapes, &["--any-shape"])["accepted"], 1);
}

#[test]
fn a_price_that_is_off_by_a_power_of_ten_is_set_aside() {
    let test_folder = TestFolder::new();
    let sales = std::fs::read_to_string(test_folder.write_sales("sales.csv", 4, 0, 300)).expect("sales");
    let mut lines: Vec<String> = sales.lines().map(str::to_owned).collect();
    let price = lines[0].split(',').position(|name| name == "price").expect("a column");
    let mut cells: Vec<String> = lines[7].split(',').map(str::to_owned).collect();
    cells[price] = format!("\"${},000\"", cells[price]);
    lines[7] = cells.join(",");
    let text = lines.join("\n");
    let report = ingest(&test_folder, "odd.csv", &text, &[]);
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(299), &json!(1)), "{report}");
    let reason = report["rejections"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("1000 times too high") && reason.contains("--accept-odd"), "{reason}");
    assert_eq!(ingest(&test_folder, "odd.csv", &text, &["--accept-odd"])["accepted"], 1);
}

#[test]
fn sales_without_measurements_go_all_the_way() {
    let test_folder = TestFolder::new();
    let sales = std::fs::read_to_string(test_folder.write_sales("whole.csv", 4, 0, 400)).expect("sales");
    let kept = ["carat", "cut", "color", "clarity", "price"];
    let header: Vec<&str> = sales.lines().next().expect("a header").split(',').collect();
    let places: Vec<usize> =
        kept.iter().map(|name| header.iter().position(|column| column == name).expect(name)).collect();
    let four_cs: Vec<String> = sales
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            places.iter().map(|place| cells[*place]).collect::<Vec<_>>().join(",")
        })
        .collect();
    let report = ingest(&test_folder, "four.csv", four_cs.join("\n"), &[]);
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(400), &json!(0)), "{report}");
    assert_eq!(test_folder.value("SELECT count(x_mm) + count(depth_percent) + count(table_percent) FROM sale"), 0);
    assert_eq!(ingest(&test_folder, "four.csv", four_cs.join("\n"), &[])["known"], 400);
    for family in diamonds::learning::families::FAMILIES {
        test_folder.succeed(&["retrain", "--family", family.name(), "--trials", "4", "--promote", "always"]);
    }
    let stone = ["--carat", "1", "--cut", "Ideal", "--color", "G", "--clarity", "VS2"];
    assert!(test_folder.json(&[&["predict"][..], &stone].concat())["price_usd"].as_f64() > Some(500.0));
    assert!(test_folder.json(&[&["similar"][..], &stone].concat())["count"].as_u64() > Some(0));
    test_folder.succeed(&["models", "show", "2"]);
    test_folder.succeed(&["models", "compare", "1", "2"]);
    test_folder.succeed(&["status"]);
    test_folder.succeed(&["compact"]);
}

#[test]
fn what_a_file_says_besides_is_kept_and_goes_with_its_sales() {
    let test_folder = TestFolder::new();
    let table = |carat: &str| {
        format!(
            "Report #,Lab,SKU,Sale date,{HEADER}\n2141438171,GIA,A-1,31.12.2025,{}\n2141438172,IGI,A-2,01.02.2026,{}\n",
            ROWS[0].replacen("1.06", carat, 1),
            ROWS[1]
        )
    };
    ingest(&test_folder, "first.csv", table("1.06"), &[]);
    let rows = test_folder.json(&[
        "sql",
        "SELECT line_number, certificate, laboratory, stock_number, sold_on FROM sale_detail ORDER BY ALL",
    ]);
    assert_eq!(
        rows[1],
        json!({"line_number": 3, "certificate": "2141438172", "laboratory": "IGI", "stock_number": "A-2", "sold_on": "2026-02-01"})
    );
    let again = ingest(&test_folder, "second.csv", table("1.07"), &[]);
    let notes = again["reading"]["notes"].to_string();
    assert!(notes.contains("certificates that were here before with another weight or grade: 1"), "{notes}");
    let shown = test_folder.succeed(&["batches", "show", "2"]).stdout;
    assert!(shown.contains("Report #") && shown.contains("certificate"), "{shown}");
    test_folder.succeed(&["batches", "undo", "2"]);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale_detail WHERE batch_id = 2"), 0);
}

#[test]
fn days_that_are_none_are_told_and_their_sales_kept_without_one() {
    let test_folder = TestFolder::new();
    let rows: Vec<String> = ["2026-11-31", "05.11.2026", "2026-11-06"]
        .iter()
        .zip(&ROWS)
        .map(|(day, row)| format!("{day},{row}\n"))
        .collect();
    let report = ingest(&test_folder, "stock.csv", format!("Sale date,{HEADER}\n{}", rows.concat()), &[]);
    let notes = report["reading"]["notes"].to_string();
    assert!(notes.contains("1 of 3 values looked at are no day, such as") && notes.contains("2026-11-31"), "{notes}");
    let days = test_folder.json(&["sql", "SELECT sold_on FROM sale_detail WHERE sold_on IS NOT NULL ORDER BY ALL"]);
    assert_eq!(days, json!([{"sold_on": "2026-11-05"}, {"sold_on": "2026-11-06"}]));
}

#[test]
fn a_dry_run_shows_how_every_column_is_read() {
    let test_folder = TestFolder::new();
    let text =
        format!("{}\n{}\n", HEADER.replace("carat", "Carat Weight").replace("price", "Total Price"), ROWS.join("\n"));
    let said = test_folder.succeed(&["ingest", "--dry-run", &test_folder.write("dry.csv", text)]).stdout;
    for words in ["Carat Weight", "Total Price", "1.06 · 0.41 · 1.21", "filled"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!test_folder.database().exists());
}

#[test]
fn packed_files_that_are_made_to_fill_disks_are_refused() {
    use std::io::Write;

    let test_folder = TestFolder::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..100 {
        encoder.write_all(&zeros).expect("memory takes all");
    }
    let bomb = test_folder.write("bomb.csv.gz", encoder.finish().expect("memory takes all"));
    let said = test_folder.fail(1, &["ingest", &bomb]);
    assert!(said.contains("unpacks to more than 64 MB"), "{said}");
    let broken = test_folder.write("broken.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0nonsense");
    assert!(test_folder.fail(1, &["ingest", &broken]).contains("cannot be unpacked"));
}

/// The rows of a priced file, as objects.
fn priced(test_folder: &TestFolder, file: &str, more: &[&str]) -> Vec<Value> {
    test_folder.succeed(&[&["predict", file, "--out", "priced.jsonl"][..], more].concat());
    let text = std::fs::read_to_string(test_folder.path("priced.jsonl")).expect("the answer");
    std::fs::remove_file(test_folder.path("priced.jsonl")).expect("gone");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_stone_of_a_file_is_priced_in_its_place() {
    let test_folder = TestFolder::trained(400);
    let stones = "Stock #;Weight;Cut;Colour;Clarity;Note\nA1;1,02;EX;G;VS2;first\nA2;0,5;Poor;G;VS2;second\nA3;0,71;Ideal;D;IF;\n";
    let file = test_folder.write("stones.csv", stones);
    let rows = priced(&test_folder, &file, &[]);
    assert_eq!(
        rows.iter().map(|row| row["Stock #"].as_str()).collect::<Vec<_>>(),
        [Some("A1"), Some("A2"), Some("A3")]
    );
    let asked = ["--carat", "1.02", "--cut", "Ideal", "--color", "G", "--clarity", "VS2"];
    let alone = test_folder.json(&[&["predict"][..], &asked].concat());
    assert_eq!((&rows[0]["price_usd"], &rows[0]["model"]), (&alone["price_usd"], &json!(2)));
    assert!(rows[0]["low_usd"].as_f64() < rows[0]["high_usd"].as_f64() && rows[0]["Note"] == "first", "{}", rows[0]);
    assert!(rows[1]["price_usd"].is_null(), "{}", rows[1]);
    assert!(rows[1]["warnings"].as_str().is_some_and(|text| text.contains("not priced: cut \"Poor\"")), "{}", rows[1]);
    let kept =
        format!("SELECT count(*) FROM prediction WHERE id = '{}'", rows[2]["prediction"].as_str().expect("an id"));
    assert_eq!(test_folder.value(&kept), 1, "predictions are records");

    let csv = test_folder.succeed(&["predict", &file]).stdout;
    assert!(
        csv.starts_with(
            "Stock #,Weight,Cut,Colour,Clarity,Note,price_usd,low_usd,high_usd,model,prediction,warnings\n"
        ),
        "{csv}"
    );
    assert!(csv.contains("A1,\"1,02\",EX,G,VS2,first,") && csv.lines().count() == 4, "{csv}");
    for out in ["priced.xlsx", "priced.parquet", "priced.csv"] {
        test_folder.succeed(&["predict", &file, "--out", out]);
        let again = priced(&test_folder, out, &[]);
        assert_eq!(again.len(), 3, "{out}");
        assert_eq!(again[0]["predicted_price_usd"], rows[0]["price_usd"], "{out}: what was written is read again");
    }
    let said = test_folder.fail(1, &["predict", &file, "--out", "priced.csv"]);
    assert!(said.contains("exists already"), "{said}");
    assert!(test_folder.fail(1, &["predict", &file, "--out", "priced.pdf"]).contains(".xlsx"));
    assert!(test_folder.fail(2, &["predict", &file, "--carat", "1"]).contains("a stone and a file"));
}

#[test]
fn a_file_of_stones_is_priced_beside_a_server_in_many_pieces() {
    let test_folder = TestFolder::trained(400);
    let server = crate::program::Server::start(&test_folder);
    let file = test_folder.write_sales("many.csv", 8, 0, 45_000);
    let said = test_folder.json(&["predict", &file, "--out", "priced.csv"]);
    assert_eq!((&said["priced"], &said["left"]), (&json!(45_000), &json!(0)));
    assert_eq!(std::fs::read_to_string(test_folder.path("priced.csv")).expect("rows").lines().count(), 45_001);
    assert_eq!(test_folder.value("SELECT count(*) FROM prediction"), 45_000);
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_api_takes_the_words_that_people_use_and_says_what_it_read() {
    let test_folder = TestFolder::trained(200);
    let server = crate::program::Server::start(&test_folder);
    let plain =
        server.post("/v1/predictions", &json!({"carat": 1.02, "cut": "Ideal", "color": "H", "clarity": "SI2"})).json();
    let worded = server
        .post("/v1/predictions", &json!({"weight": "1,02 ct", "cut": "EX", "colour": "h", "clarity": "SI-2"}))
        .json();
    assert_eq!(plain["price_usd"], worded["price_usd"]);
    let warnings = worded["warnings"].to_string();
    assert!(warnings.contains("is read as Ideal") && warnings.contains("is read as 1.02 ct"), "{warnings}");
    let marked = server.post_text(
        "/v1/predictions",
        "application/json",
        "\u{feff}{\"carat\":1,\"cut\":\"Ideal\",\"color\":\"H\",\"clarity\":\"SI2\"}",
    );
    assert_eq!(marked.status, 200, "{}", marked.body);
    for (status, answer, words) in [
        (
            422,
            server.post("/v1/predictions", &json!({"carat": 1, "cut": "Idael", "color": "H", "clarity": "SI2"})),
            "the nearest is Ideal",
        ),
        (
            422,
            server.post("/v1/predictions", &json!({"carat": 1, "cut": "Ideal", "color": "K", "clarity": "SI2"})),
            "below J",
        ),
        (
            400,
            server.post_text("/v1/predictions", "application/json", "{\"carat\":NaN}"),
            "NaN and Infinity are no JSON",
        ),
        (400, server.post_text("/v1/predictions?carat=1&cut=Ideal", "application/json", ""), "send it in the body"),
        (404, server.post("/v1/predictions/", &json!({})), "without a slash at the end"),
        (404, server.post("/predict", &json!({})), "prices are at POST /v1/predictions"),
    ] {
        assert!(
            answer.status == status && answer.body.contains(words),
            "{status} {words}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert_eq!(server.get("/v1/requests?since=2026-03-01T12:00:00+01:00").status, 200, "+ that is not encoded");
}

#[test]
fn what_was_said_of_a_file_holds_for_the_next_with_the_same_header() {
    let test_folder = TestFolder::new();
    let odd = |rows: &[&str]| format!("{}\n{}\n", HEADER.replace("price", "Erlös"), rows.join("\n"));
    ingest(&test_folder, "may.csv", odd(&ROWS[..1]), &["--map", "price=Erlös"]);
    let june = ingest(&test_folder, "june.csv", odd(&ROWS[1..]), &[]);
    assert_eq!(june["accepted"], 2, "{june}");
    assert!(june["reading"]["notes"].to_string().contains("as you said of the last file"), "{june}");
    let said = test_folder.fail(1, &["ingest", &test_folder.write("other.csv", odd(&ROWS).replace("table", "girdle"))]);
    assert!(said.contains("no column price"), "another header: {said}");
    // what was said once may not hold any more: then that is told
    let points = odd(&ROWS).replace("1.06", "106").replace("0.41", "41").replace("1.21", "121");
    let said = test_folder.fail(1, &["ingest", &test_folder.write("points.csv", points)]);
    assert!(said.contains("points") && said.contains("as you said of the last file"), "{said}");
}

#[test]
fn a_parquet_file_with_columns_by_other_names_goes_in() {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 3, 0, 500);
    let parquet = test_folder.path("sales.parquet").display().to_string();
    let copy = format!(
        "COPY (SELECT carat AS \"Carat Weight\", cut AS \"Cut Grade\", color AS colour, clarity, price AS \"Total Price\"
               FROM read_csv('{sales}')) TO '{parquet}' (FORMAT parquet)"
    );
    duckdb::Connection::open_in_memory().and_then(|connection| connection.execute_batch(&copy)).expect("a file");
    let report = test_folder.json(&["ingest", &parquet])["files"][0].clone();
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(500), &json!(0)), "{report}");
    assert_eq!(crate::program::files_in(&test_folder.path("")), ["diamonds.duckdb", "sales.csv", "sales.parquet"]);
}

#[test]
fn the_plain_way_and_the_careful_way_read_the_same() {
    let test_folder = TestFolder::new();
    let plain = test_folder.write_sales("plain.csv", 6, 0, 30_000);
    let text = std::fs::read_to_string(&plain).expect("sales");
    let mut lines = text.lines();
    let header = format!("{},shape\n", lines.next().expect("a header"));
    let careful: String = std::iter::once(header).chain(lines.map(|line| format!("{line},Round\n"))).collect();
    let first = test_folder.json(&["ingest", &plain])["files"][0].clone();
    let second = ingest(&test_folder, "careful.csv", careful, &[]);
    assert_eq!((first["accepted"].as_i64(), first.get("reading")), (Some(30_000), None), "{first}");
    assert_eq!((&second["known"], &second["accepted"]), (&json!(30_000), &json!(0)), "{second}");
}

#[test]
fn outcomes_come_in_the_same_dresses() {
    let test_folder = TestFolder::trained(200);
    let asked = ["predict", "--carat", "1.02", "--cut", "Ideal", "--color", "G", "--clarity", "VS2"];
    let id = test_folder.json(&asked)["id"].as_str().expect("an id").to_owned();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, (name, value)) in (0..).zip([("Prediction", id.as_str()), ("Price", "$6,651.50"), ("Note", "cash")]) {
        sheet.write_string(0, column, name).expect("a cell");
        sheet.write_string(1, column, value).expect("a cell");
    }
    let file = test_folder.write("outcomes.xlsx", workbook.save_to_buffer().expect("a workbook"));
    test_folder.succeed(&["outcomes", "import", &file]);
    assert_eq!(test_folder.value("SELECT price_usd FROM current_outcome").as_f64(), Some(6_651.5));
}

#[test]
fn proportions_in_another_unit_are_never_taken_for_percent() {
    let test_folder = TestFolder::new();
    let fractions = ROWS.map(|row| {
        row.replacen(",61.5,57,", ",0.615,0.57,", 1).replacen(",62.3,58,", ",0.623,0.58,", 1).replacen(
            ",62.8,59,",
            ",0.628,0.59,",
            1,
        )
    });
    ingest(&test_folder, "fractions.csv", format!("{HEADER}\n{}\n", fractions.join("\n")), &[]);
    assert_eq!(test_folder.value("SELECT min(depth_percent) > 61 AND max(table_percent) = 59 FROM sale"), true);
    // the height under the name of the depth
    let heights = "carat,cut,color,clarity,depth,table,price,x,y\n1.06,Ideal,G,VS1,4.03,57,7311,6.55,6.57\n0.41,Premium,E,SI1,2.96,58,913,4.73,4.76\n";
    ingest(&test_folder, "heights.csv", heights, &[]);
    let depth = test_folder.value("SELECT min(depth_percent) FROM sale WHERE batch_id = 2").as_f64().expect("a number");
    assert!((60.0..64.0).contains(&depth), "{depth}");
}

#[test]
fn a_unit_that_is_said_counts_once_and_for_sizes_in_one_cell_too() {
    let test_folder = TestFolder::new();
    let in_cell = "carat,cut,color,clarity,price,measurements\n1.06,Ideal,G,VS1,7310,0.655-0.657x0.403\n0.41,Premium,E,SI1,912,0.473-0.476x0.296\n1.21,Very Good,H,VS2,6480,0.672-0.677x0.424\n";
    let said = test_folder.fail(1, &["ingest", &test_folder.write("cell.csv", in_cell)]);
    assert!(said.contains("--unit size=cm"), "{said}");
    ingest(&test_folder, "cell.csv", in_cell, &["--unit", "size=cm"]);
    let in_header = format!(
        "{}\n{}\n",
        HEADER.replace(",x,y,z", ",x (cm),y (cm),z (cm)"),
        "1.31,Ideal,G,VS1,61.5,57,9310,0.703,0.706,0.433"
    );
    ingest(&test_folder, "header.csv", &in_header, &["--unit", "size=cm"]);
    assert_eq!(test_folder.value("SELECT round(max(x_mm), 2) FROM sale").as_f64(), Some(7.03));
    assert_eq!(test_folder.value("SELECT round(min(x_mm), 2) FROM sale").as_f64(), Some(4.73));
}

#[test]
fn what_was_saved_under_a_name_holds_for_every_file_that_is_read_by_it() {
    let test_folder = TestFolder::new();
    let odd = |rows: &[&str], more: &str| format!("{}{more}\n{}\n", HEADER.replace("price", "Erlös"), rows.join("\n"));
    ingest(&test_folder, "may.csv", odd(&ROWS[..1], ""), &["--map", "price=Erlös", "--save-reading", "shop"]);
    let other = odd(&ROWS[1..], ",a note");
    let june = ingest(&test_folder, "june.csv", &other, &["--reading", "shop", "--dry-run"]);
    assert_eq!(june["accepted"], 2, "another header: {june}");
    let renamed = other.replace("carat", "Größe");
    let map = ["--reading", "shop", "--map", "carat=Größe"];
    assert_eq!(ingest(&test_folder, "july.csv", renamed, &map)["accepted"], 2, "what is said besides");
    let cheap = other.replace("912", "9.12").replace("6480", "64.80");
    ingest(
        &test_folder,
        "odd.csv",
        &cheap,
        &["--map", "price=Erlös", "--accept-odd", "--rate", "0.5", "--save-reading", "odd"],
    );
    let said = test_folder.fail(1, &["ingest", &test_folder.write("y.csv", &cheap), "--reading", "odd"]);
    assert!(said.contains("too low"), "the word to take what is odd is of one file: {said}");
    let said = test_folder.fail(1, &["ingest", &test_folder.write("x.csv", &other), "--reading", "fair"]);
    assert!(said.contains("there is no reading \"fair\": there are odd, shop"), "{said}");
}

#[test]
fn odd_prices_in_a_parquet_file_in_the_standard_form_are_set_aside_too() {
    let test_folder = TestFolder::new();
    let sales = test_folder.write_sales("sales.csv", 3, 0, 500);
    let write = |name: &str, price: &str| {
        let parquet = test_folder.path(name).display().to_string();
        let copy = format!(
            "COPY (SELECT * REPLACE ({price} AS price) FROM read_csv('{sales}')) TO '{parquet}' (FORMAT parquet)"
        );
        duckdb::Connection::open_in_memory().and_then(|connection| connection.execute_batch(&copy)).expect("a file");
        parquet
    };
    let hundreds = write("hundreds.parquet", "price / 100");
    let said = test_folder.fail(1, &["ingest", &hundreds]);
    assert!(said.contains("100 times too low") && said.contains("price=hundreds"), "{said}");
    let report =
        |arguments: &[&str]| test_folder.json(&[&["ingest", "--dry-run"], arguments].concat())["files"][0].clone();
    assert_eq!(report(&[&hundreds, "--accept-odd"])["accepted"], 500);
    let one = write("one.parquet", "CASE WHEN carat > 2 THEN 9 ELSE price END");

    let found = report(&[&one]);
    assert!(found["rejected"].as_i64().is_some_and(|rejected| rejected > 0), "{found}");
    assert!(found["rejections"].to_string().contains("too low beside the others"), "{found}");
}

#[test]
fn a_file_of_one_sale_is_judged_by_the_sales_so_far() {
    let test_folder = TestFolder::new();
    let one = format!("{HEADER}\n{}\n", ROWS[0].replace("7310", "73.10"));
    let said = test_folder.fail(1, &["ingest", &test_folder.write("one.csv", &one)]);
    assert!(said.contains("for stones of these weights and grades") && said.contains("price=hundreds"), "{said}");
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 3, 0, 500)]);
    let said = test_folder.fail(1, &["ingest", &test_folder.path("one.csv").display().to_string()]);
    assert!(said.contains("beside those of the sales so far"), "{said}");
}
