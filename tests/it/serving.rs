//! `diamonds serve`: the API and the page, over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use diamonds::diamond::{Clarity, Color, Cut, Grade};
use diamonds::pricing::PricingService;
use diamonds::server::{AccessControl, App, Origins, RequestLog, Retention, build};
use diamonds::store::Store;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::program::{Server, TestFolder, agent};

/// One trained file and its server, for all tests that only ask. It ends with the last test that holds it: a static would
/// leave the server behind.
fn held() -> Arc<(TestFolder, Server)> {
    static HELD: Mutex<Weak<(TestFolder, Server)>> = Mutex::new(Weak::new());
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.upgrade().unwrap_or_else(|| {
        let test_folder = TestFolder::trained(2_500);
        let server = Server::start(&test_folder);
        let fresh = Arc::new((test_folder, server));
        *held = Arc::downgrade(&fresh);
        fresh
    })
}

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.0, "table": 55,
        "x": 6.61, "y": 6.65, "z": 4.11})
}

#[test]
fn a_price_is_a_number_with_the_model_that_made_it_and_is_found_again() {
    let held = held();
    let server = &held.1;
    let answer = server.post("/v1/predictions", &stone());
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert!(document["price_usd"].as_f64().expect("a number") > 500.0);
    assert_eq!(document["currency"], "USD");
    assert_eq!(document["model"]["family"], "xgboost");
    assert_eq!(document["assumed"], json!({}));
    assert_eq!(document["id"], answer.header("x-request-id"));
    let again = server.get(&format!("/v1/predictions/{}", document["id"].as_str().expect("an id")));
    assert_eq!((again.status, again.json()), (200, document));
}

#[test]
fn a_stone_has_one_price_whichever_of_its_sides_is_called_the_length() {
    let held = held();
    let server = &held.1;
    for family in ["xgboost", "linear"] {
        let price = |x: f64, y: f64| {
            let mut stone = stone();
            (stone["x"], stone["y"]) = (json!(x), json!(y));
            let answer = server.post(&format!("/v1/predictions?explain=true&model={family}"), &stone).json();
            let id = answer["id"].as_str().expect("an id").to_owned();
            let mut steps = server.get(&format!("/v1/predictions/{id}/steps")).json()["steps"].clone();
            // their stones are described as it was
            steps.as_array_mut().expect("a list").iter_mut().for_each(|step| step["stone"] = Value::Null);
            (answer["price_usd"].clone(), answer["range_usd"].clone(), answer["explanation"].clone(), steps)
        };
        for (x, y) in [(6.61, 6.65), (6.5, 6.72), (6.4, 6.4)] {
            assert_eq!(price(x, y), price(y, x), "{family}");
        }
    }
}

#[test]
fn an_array_is_answered_in_its_order_with_the_prices_of_singles() {
    let held = held();
    let server = &held.1;
    let stones: Vec<Value> = (1_u8..=40)
        .map(|step| {
            let mut stone = stone();
            stone["carat"] = json!(f64::from(41 - step) / 20.0);
            stone["cut"] = json!(Cut::ALL[usize::from(step) % 5].name());
            stone
        })
        .collect();
    let batch = server.post("/v1/predictions", &json!(stones)).json();
    let batch = batch.as_array().expect("an array");
    assert_eq!(batch.len(), stones.len());
    for (stone, of_batch) in stones.iter().zip(batch) {
        let single = server.post("/v1/predictions", stone).json();
        assert_eq!(single["price_usd"], of_batch["price_usd"]);
    }
    let last = batch.last().expect("some");
    let again = server.get(&format!("/v1/predictions/{}", last["id"].as_str().expect("an id")));
    assert_eq!(again.json(), *last);
    assert_eq!(server.post("/v1/predictions", &json!([])).json(), json!([]));
}

#[test]
fn what_was_not_told_is_listed_and_nothing_is_made_up() {
    let held = held();
    let server = &held.1;
    let four_cs = json!({"carat": 0.7, "cut": " IDEAL", "color": "g", "clarity": "vs2", "z": null});
    let document = server.post("/v1/predictions", &four_cs).json();
    assert_eq!(document["assumed"], json!({}));
    assert_eq!(document["not_told"], json!(["depth", "table", "x", "y", "z"]));
    assert_eq!(document["reliable"], json!(true));
    assert_eq!(server.post("/v1/predictions", &stone()).json()["not_told"], json!([]));
}

#[test]
fn a_step_is_what_a_fresh_question_is_answered() {
    let held = held();
    let server = &held.1;
    let mut some_measures = stone();
    some_measures["z"] = Value::Null;
    let four_cs = json!({"carat": 0.7, "cut": "Good", "color": "G", "clarity": "VS2"});
    for family in ["xgboost", "linear"] {
        for stone in [&stone(), &some_measures, &four_cs] {
            let address = format!("/v1/predictions?model={family}");
            let id = server.post(&address, stone).json()["id"].as_str().expect("an id").to_owned();
            let steps = server.get(&format!("/v1/predictions/{id}/steps")).json()["steps"].clone();
            assert!(steps.as_array().is_some_and(|steps| steps.len() >= 6), "{steps}");
            for step in steps.as_array().expect("a list") {
                let fresh = server.post(&address, &step["stone"]).json();
                assert_eq!(fresh["price_usd"], step["price_usd"], "{family}: {step}");
            }
        }
    }
}

#[test]
fn a_range_is_wider_the_more_often_it_is_to_hold() {
    let held = held();
    let server = &held.1;
    let range = |confidence: &str| {
        let answer = server.post(&format!("/v1/predictions?confidence={confidence}"), &stone()).json();
        let bound = |end: &str| answer["range_usd"][end].as_f64().expect("a bound");
        assert_eq!(answer["range_usd"]["confidence"].to_string(), confidence);
        (bound("low"), bound("high"))
    };
    let ranges = ["0.5", "0.8", "0.9", "0.95"].map(range);
    assert!(ranges.windows(2).all(|pair| pair[1].0 < pair[0].0 && pair[0].1 < pair[1].1), "{ranges:?}");
    let unknown = server.post("/v1/predictions?confidence=0.99", &stone());
    assert_eq!(unknown.status, 422);
    assert_eq!(unknown.json()["errors"][0]["message"], "must be 0.5, 0.8, 0.9 or 0.95");
}

#[test]
fn outside_of_what_was_sold_there_is_no_range_but_a_reason() {
    let held = held();
    let server = &held.1;
    let giant = server.post("/v1/predictions", &json!({"carat": 900, "cut": "Ideal", "color": "G", "clarity": "VS2"}));
    let document = giant.json();
    assert_eq!((giant.status, &document["reliable"]), (200, &json!(false)));
    assert!(document["price_usd"].is_number() && document.get("range_usd").is_none(), "{document}");
    let why = document["unreliable_because"][0].as_str().expect("a reason");
    assert!(why.starts_with("a weight of 900 ct is outside of what was sold here"), "{why}");
    let again = server.get(&format!("/v1/predictions/{}", document["id"].as_str().expect("an id")));
    assert_eq!(again.json(), document);
    let page = server.get("/?carat=900&cut=Ideal&color=G&clarity=VS2").body;
    assert!(page.contains("No reliable price") && page.contains(why), "{page}");
}

#[test]
fn a_price_list_is_kept_by_a_button_and_the_next_says_what_has_changed_since() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    assert!(!server.get("/price-list?cut=Good").body.contains("value=\"last\""), "none was kept yet");
    assert_eq!(server.get("/v1/price-list?cut=Good&compare=last").status, 409);
    assert_eq!(server.post_text("/price-list", "application/x-www-form-urlencoded", "cut=Good").status, 403);
    let kept = server.post_form("/price-list", &[("cut", "Good"), ("bands", ""), ("per_carat", "true")]);
    let place = kept.header("location").to_owned();
    assert!(kept.status == 303 && place.contains("cut=Good") && place.contains("compare=last"), "{place}");
    let champion = test_folder.value("SELECT model_id FROM champion").to_string();
    test_folder.succeed(&["models", "correct", &champion, "0.1"]);
    let page = server.get(&place).body;
    assert!(page.contains("the change since list 1, kept on ") && page.contains("+10.0 %"), "{page}");
    assert!(server.get("/price-list?cut=Good").body.contains("the change since list 1"), "unless another is asked for");
    let list = server.get("/v1/price-list?cut=Good&compare=last").json();
    assert_eq!(list["compared_list"]["number"], 1);
    assert_eq!(
        server.get("/price-list?cut=Fair&compare=last").status,
        200,
        "of another cut none was kept: nothing is compared"
    );
}

#[test]
fn a_price_list_has_the_prices_that_a_question_is_answered() {
    let held = held();
    let server = &held.1;
    let list = server.get("/v1/price-list?cut=premium&bands=0.5,1,2&compare=linear").json();
    assert_eq!(list["cut"], "Premium");
    let band = &list["bands"][1];
    assert_eq!((&band["from_carat"], &band["to_carat"]), (&json!(1.0), &json!(1.99)));
    let cell = &band["colors"][2]["clarities"][3];
    assert_eq!((&band["colors"][2]["color"], &cell["clarity"]), (&json!("F"), &json!("VS1")));
    let stone = json!({"carat": band["carat"], "cut": "Premium", "color": "F", "clarity": "VS1"});
    let fresh = server.post("/v1/predictions", &stone).json();
    assert_eq!((&fresh["price_usd"], &fresh["range_usd"]), (&cell["price_usd"], &cell["range_usd"]));
    let linear = server.post("/v1/predictions?model=linear", &stone).json()["price_usd"].as_f64().expect("a price");
    let change = fresh["price_usd"].as_f64().expect("a price") / linear - 1.0;
    assert!((cell["change"].as_f64().expect("a change") - change).abs() < 1e-4, "{cell}");

    let csv = server.get("/v1/price-list?cut=Premium&bands=0.5,1,2&format=csv");
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv;charset=utf-8"));
    let text = csv.body;
    assert_eq!(text.lines().count(), 1 + 3 * 56);
    let price = cell["price_usd"].to_string();
    assert!(text.lines().any(|line| line.contains(",F,VS1,") && line.contains(&format!(",{price},"))), "{text}");

    let page = server.get("/price-list?cut=Premium&bands=0.5%2C1%2C2&per_carat=true&compare=").body;
    assert!(page.contains("US dollars a carat") && page.contains("0.50–0.99 ct"), "{page}");
    assert!(page.contains(&format!("/?carat={}&amp;cut=Premium&amp;color=F&amp;clarity=VS1", band["carat"])), "{page}");
    for (query, field) in [("cut=Round", "cut"), ("bands=2,1", "bands"), ("colour=F", "colour")] {
        let wrong = server.get(&format!("/v1/price-list?{query}"));
        assert_eq!((wrong.status, &wrong.json()["errors"][0]["field"]), (422, &json!(field)));
    }
    assert_eq!(server.get("/v1/price-list?model=77").status, 422);
}

#[test]
fn a_price_is_explained_to_the_cent_if_asked() {
    let held = held();
    let server = &held.1;
    for model in ["xgboost", "linear"] {
        let plain = server.post(&format!("/v1/predictions?model={model}"), &stone()).json();
        assert!(plain.get("explanation").is_none(), "{plain}");
        let document = server.post(&format!("/v1/predictions?explain=true&model={model}"), &stone()).json();
        assert_eq!(document["price_usd"], plain["price_usd"]);
        let cents = |value: &Value| (value.as_f64().expect("a number") * 100.0).round();
        for parts in ["effects", "reasons"] {
            let parts = document["explanation"][parts].as_array().expect("a list");
            assert!(parts.len() >= 4, "{document}");
            let sum: f64 = parts.iter().map(|part| cents(&part["effect_usd"])).sum();
            let price = sum + cents(&document["explanation"]["typical_usd"]);
            assert!((price - cents(&document["price_usd"])).abs() < 1e-6, "{model}: {document}");
        }
        let sentences = document["explanation"]["reasons"].to_string();
        assert!(sentences.contains("Colour H instead of the typical"), "{sentences}");
        let id = document["id"].as_str().expect("an id");
        assert_eq!(server.get(&format!("/v1/predictions/{id}")).json(), document);
    }
    let answer = server.post("/v1/predictions?explain=yes", &stone());
    assert!(answer.status == 422 && answer.body.contains("must be true or false"), "{}", answer.body);
    let many = server.post("/v1/predictions?explain=true", &json!(vec![stone(); 1_000])).json();
    assert!(many[999]["explanation"]["typical_usd"].is_number(), "{many}");
    let said = held.0.succeed(&[
        "predict",
        "--carat",
        "1.1",
        "--cut",
        "Ideal",
        "--color",
        "H",
        "--clarity",
        "SI2",
        "--explain",
    ]);
    assert!(said.stdout.contains("why: the typical stone (") && said.stdout.contains("Clarity SI2"), "{}", said.stdout);
}

#[test]
fn steps_tell_what_a_better_or_a_worse_stone_would_cost() {
    let held = held();
    let server = &held.1;
    let document = server
        .post("/v1/predictions", &json!([stone(), {"carat": 0.95, "cut": "Ideal", "color": "D", "clarity": "SI2"}]))
        .json();
    for (place, expected) in [(0, 7), (1, 6)] {
        let id = document[place]["id"].as_str().expect("an id");
        let answer = server.get(&format!("/v1/predictions/{id}/steps")).json();
        assert_eq!((&answer["id"], &answer["price_usd"]), (&document[place]["id"], &document[place]["price_usd"]));
        let steps = answer["steps"].as_array().expect("a list");
        assert_eq!(steps.len(), expected, "{answer}");
        for step in steps {
            let difference =
                step["price_usd"].as_f64().expect("a price") - answer["price_usd"].as_f64().expect("a price");
            assert!((difference - step["difference_usd"].as_f64().expect("a difference")).abs() < 0.011, "{step}");
        }
    }
    // a step is the price of the stone that it describes
    let id = document[0]["id"].as_str().expect("an id");
    let steps = server.get(&format!("/v1/predictions/{id}/steps")).json()["steps"].clone();
    let better = steps.as_array().expect("a list").iter().find(|step| step["to"] == "G").expect("a step").clone();
    let mut stone = stone();
    stone["color"] = json!("G");
    assert_eq!(server.post("/v1/predictions", &stone).json()["price_usd"], better["price_usd"]);
    assert_eq!(server.get("/v1/predictions/0198c0de-0000-7000-8000-000000000000/steps").status, 404);
}

#[test]
fn another_model_may_be_asked_by_number_or_family() {
    let held = held();
    let server = &held.1;
    for wanted in ["1", "linear"] {
        let document = server.post(&format!("/v1/predictions?model={wanted}"), &stone()).json();
        assert_eq!(document["model"], json!({"id": 1, "family": "linear"}));
    }
    for wanted in ["99", "forest", "../../etc/passwd", ""] {
        let answer = server.post(&format!("/v1/predictions?model={wanted}"), &stone());
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("model")), "{wanted}");
    }
}

#[test]
fn mistakes_are_problem_documents_that_say_what_to_do() {
    let held = held();
    let server = &held.1;
    let check = |answer: &crate::program::Answer, status: u16, words: &str| {
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
            "{}",
            answer.body
        );
        let document = answer.json();
        assert_eq!(document["status"], status);
        assert_eq!(document["request_id"], answer.header("x-request-id"));
        assert!(document["type"].is_string() && document["title"].is_string(), "{document}");
        assert!(document["detail"].as_str().expect("text").contains(words), "{document}");
    };
    let post = |body: &str| server.post_text("/v1/predictions", "application/json", body);
    check(&post("{\"carat\": 1.1,\n \"cut\" \"Ideal\"}"), 400, "line 2, column 8");
    check(&post(""), 400, "the body is empty");
    check(&post("3"), 422, "must be a stone");
    check(&post("[1]"), 422, "[0] must be a stone");
    check(&post("{}"), 422, "carat is required");
    check(&server.post_text("/v1/predictions", "text/plain", "{}"), 415, "Content-Type: application/json");
    check(&server.post_text("/v1/predictions", "application/json", &"x".repeat(1_100_000)), 413, "1048576 bytes");
    check(&server.get("/v1/nothing"), 404, "/v1/nothing");
    check(&server.get("/v1/models/77"), 404, "no model 77");
    check(&server.get("/v1/predictions/01a20896-31f0-7437-8c49-d1e21ff09770"), 404, "no prediction");
    check(&server.post("/v1/predictions?explain=maybe&x=1", &stone()), 422, "x is not a parameter");
    let many = vec![stone(); 1_001];
    check(&server.post("/v1/predictions", &json!(many)), 422, "1001 stones are too many");
    let answer = server.get("/v1/predictions");
    check(&answer, 405, "use POST");
    assert_eq!(answer.header("allow"), "POST");
    let answer: crate::program::Answer =
        agent().get(server.url("/v1/models")).header("Accept", "text/csv").call().map(Into::into).expect("an answer");
    check(&answer, 406, "application/json");
    let errors = post("{\"carat\": -1, \"cut\": \"x\", \"hue\": \"H\"}").json()["errors"].clone();
    let fields: Vec<&str> =
        errors.as_array().expect("errors").iter().map(|error| error["field"].as_str().expect("a name")).collect();
    assert_eq!(fields, ["carat", "cut", "color", "clarity", "hue"]);
    assert_eq!(errors[0]["value"], -1);
    let errors = post(&json!([stone(), {"carat": 1}]).to_string()).json()["errors"].clone();
    assert_eq!(errors[0]["field"], "[1].cut");
}

#[test]
fn a_flood_of_mistakes_is_answered_in_brief() {
    let held = held();
    let server = &held.1;
    let fields: Vec<String> = (0..50_000).map(|number| format!("\"a{number}\":1")).collect();
    let answer = server.post_text("/v1/predictions", "application/json", &format!("{{{}}}", fields.join(",")));
    assert_eq!(answer.status, 422);
    assert!(answer.body.len() < 20_000, "{} bytes", answer.body.len());
    let many = vec![json!({}); 1_000];
    let answer = server.post("/v1/predictions", &json!(many));
    assert_eq!((answer.status, answer.json()["errors"].as_array().map(Vec::len)), (422, Some(100)));
    assert!(answer.json()["detail"].as_str().expect("text").ends_with("and 3990 more"), "{}", answer.json()["detail"]);
}

#[test]
fn similar_stones_are_those_that_sql_finds() {
    let held = held();
    let server = &held.1;
    let test_folder = TestFolder::trained(2_500);
    let strategy = (1_u32..300, 0_usize..5, 0_usize..7, 0_usize..8, prop_oneof![Just(1_u32), 2_u32..8, Just(1_000)]);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    runner
        .run(&strategy, |(cents, cut, color, clarity, n)| {
            let carat = f64::from(cents) / 100.0;
            let (cut, color, clarity) = (Cut::ALL[cut], Color::ALL[color], Clarity::ALL[clarity]);
            let question = json!({"carat": carat, "cut": cut, "color": color, "clarity": clarity, "n": n});
            let answer = server.post("/v1/similar", &question).json();
            let expected = test_folder.json(&[
                "sql",
                &format!(
                    "SELECT carat, price_usd, depth_percent AS depth, x_mm AS x,
                     round(abs(round(carat * 1e6) - round({carat} * 1e6))) / 1e6 AS carat_difference
                 FROM sale WHERE cut = '{cut}' AND color = '{color}' AND clarity = '{clarity}'
                 ORDER BY carat_difference, price_usd, carat LIMIT {n}"
                ),
            ]);
            let found = answer["stones"].as_array().expect("stones");
            prop_assert_eq!(found.len(), expected.as_array().expect("rows").len());
            for (ours, theirs) in found.iter().zip(expected.as_array().expect("rows")) {
                for name in ["price_usd", "carat_difference"] {
                    prop_assert_eq!(&ours[name], &theirs[name], "{}", question);
                }
                prop_assert_eq!((&ours["cut"], &ours["color"]), (&json!(cut), &json!(color)));
            }
            prop_assert_eq!(answer["count"].as_u64(), Some(found.len() as u64));
            Ok(())
        })
        .expect("the same stones");
}

#[test]
fn the_number_of_similar_stones_is_1_to_1000_and_5_unless_given() {
    let held = held();
    let server = &held.1;
    let ask = |n: &str| server.get(&format!("/v1/similar?carat=0.3&cut=Ideal&color=G&clarity=VS2{n}"));
    let available = ask("").json()["available"].as_u64().expect("a count");
    assert!(available > 5, "{available}");
    assert_eq!(ask("").json()["count"], 5);
    assert_eq!(ask("&n=1").json()["count"], 1);
    assert_eq!(ask("&n=1000").json()["count"], available);
    for bad in ["&n=0", "&n=1001", "&n=-1", "&n=1.5", "&n=many", "&n=99999999999999999999"] {
        let answer = ask(bad);
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("n")), "{bad}");
    }
    let none = server.post("/v1/similar", &json!({"carat": 1, "cut": "Fair", "color": "D", "clarity": "IF"}));
    assert_eq!((none.status, none.json()), (200, json!({"count": 0, "available": 0, "stones": []})));
}

#[test]
fn models_are_listed_newest_first_with_the_champion_marked() {
    let held = held();
    let server = &held.1;
    let list = server.get("/v1/models").json();
    assert_eq!((&list["models"][0]["id"], &list["models"][0]["champion"]), (&json!(2), &json!(true)));
    assert!(list["models"][1]["metrics"]["mae_usd"].is_number());
    let one = server.get("/v1/models/2").json();
    assert_eq!(one["lineage"][0]["rows"], 2_500);
    let health = server.get("/health").json();
    assert_eq!((&health["status"], &health["model"]["id"], &health["sales"]), (&json!("ok"), &json!(2), &json!(2_500)));
}

#[test]
fn every_request_is_in_the_log_with_what_was_answered_and_no_secret() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let mut answers = vec![
        server.post("/v1/predictions?model=linear", &stone()),
        server.get("/v1/similar?carat=1&cut=Ideal&color=H&clarity=SI2"),
        server.get("/v1/nothing"),
        server.get("/v1/predictions"),
        server.post_text("/v1/predictions", "application/json", "{\"carat\""),
        server.post_text("/v1/predictions", "application/json", &"x".repeat(1_100_000)),
        server.get("/v1/models"),
    ];
    answers.push(
        agent()
            .get(server.url("/v1/models/1?"))
            .header("Authorization", "Bearer hunter2")
            .header("Cookie", "session=hunter2")
            .call()
            .map(Into::into)
            .expect("an answer"),
    );
    server.get("/health");
    assert_eq!(server.stop(), 0);

    let log = test_folder.json(&["requests", "list"]);
    let log = log["requests"].as_array().expect("requests");
    assert_eq!(log.len(), answers.len(), "health is not of the API");
    for (row, answer) in log.iter().rev().zip(&answers) {
        assert_eq!(row["id"], answer.header("x-request-id"));
        assert_eq!(row["status"], answer.status);
        let full = test_folder.json(&["requests", "show", row["id"].as_str().expect("an id")]);
        assert_eq!(full["response_body"].as_str(), Some(answer.body.as_str()));
        assert!(full["latency_us"].as_i64().expect("a number") >= 0);
    }
    let first = &log[log.len() - 1];
    assert_eq!(
        (&first["method"], &first["path"], &first["query"], &first["model_id"]),
        (&json!("POST"), &json!("/v1/predictions"), &json!("model=linear"), &json!(1))
    );
    let full = test_folder.json(&["requests", "show", first["id"].as_str().expect("an id")]);
    assert_eq!(serde_json::from_str::<Value>(full["request_body"].as_str().expect("text")).expect("JSON"), stone());
    assert_eq!(test_folder.value("SELECT count(*) FROM request WHERE request::VARCHAR LIKE '%hunter2%'"), 0);
    let filtered = test_folder.json(&["requests", "list", "--status", "404", "--path", "/v1/nothing", "--since", "1h"]);
    assert_eq!(filtered["requests"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_panic_in_a_handler_is_a_logged_500_and_the_server_goes_on() {
    let test_folder = TestFolder::trained(300);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let store = Store::open(&test_folder.database()).expect("the file");
    let log = RequestLog::start(store.try_clone().expect("a connection"), Retention::default()).expect("a thread");
    let access = AccessControl::new(&store, true).expect("the keys");
    let pricing = Arc::new(PricingService::new(store).expect("an engine"));
    let mut server = build(App::new(pricing, log.clone(), access, Origins::default()));
    server.at("/v1/panic").get(|_| async { if true { panic!("spilled coffee") } else { Ok("") } });
    let respond = |path: &str| {
        let request = tide::http::Request::get(format!("http://diamonds{path}").as_str());
        runtime.block_on(async {
            let mut response: tide::http::Response = server.respond(request).await.expect("a response");
            (u16::from(response.status()), response.body_string().await.expect("text"))
        })
    };
    let (status, body) = respond("/v1/panic");
    assert_eq!(status, 500);
    assert!(!body.contains("coffee"), "the client is not told: {body}");
    assert_eq!(respond("/v1/models").0, 200);
    log.finish();
    drop(server);
    let rows = test_folder.json(&["requests", "list", "--status", "500"]);
    let id = rows["requests"][0]["id"].as_str().expect("an id").to_owned();
    assert!(body.contains(&id));
    let full = test_folder.json(&["requests", "show", &id]);
    assert!(full["response_body"].as_str().expect("text").contains("a handler panicked: spilled coffee"), "{full}");
}

#[test]
fn without_a_model_prices_are_503_with_what_to_run() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 1, 0, 10)]);
    let server = Server::start(&test_folder);
    for answer in [
        server.post("/v1/predictions", &stone()),
        server.post("/v1/predictions?model=linear", &stone()),
        server.get("/v1/similar?carat=1&cut=Ideal&color=H&clarity=SI2"),
    ] {
        assert_eq!(answer.status, 503);
        assert!(
            answer.body.contains("diamonds retrain") && !answer.header("retry-after").is_empty(),
            "{}",
            answer.body
        );
    }
    assert_eq!(server.get("/health").json()["status"], "no model");
    let page = server.get("/");
    assert!(page.status == 200 && page.body.contains("diamonds retrain"), "{}", page.body);
}

#[test]
fn the_page_shows_a_price_similar_stones_and_mistakes_at_their_fields() {
    let held = held();
    let server = &held.1;
    let empty = server.get("/");
    assert_eq!(empty.status, 200);
    for expected in ["<form", "Very Good", "VVS1", "name=\"carat\""] {
        assert!(empty.body.contains(expected), "{expected}");
    }
    let priced = server.get("/?carat=0.31&cut=Ideal&color=G&clarity=VS2&x=&utm_source=letter");
    assert_eq!(priced.status, 200);
    assert!(priced.body.contains("Similar stones sold") && priced.body.contains(" ct</a></td>"), "{}", priced.body);
    assert!(priced.header("content-security-policy").contains("default-src 'none'"));
    assert!(
        !priced.body.replace("<script src=\"/script.js?", "").contains("<script") && !priced.body.contains("style=")
    );
    assert!(priced.body.len() < 60_000, "{} bytes", priced.body.len());
    let id = priced.header("x-request-id");
    assert_eq!(server.get(&format!("/v1/predictions/{id}")).status, 404, "only what is quoted is a record");

    let wrong = server.get("/?carat=%3Cb%3E&cut=Ideal&color=G&clarity=");
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Weight must be a number") && wrong.body.contains("Still missing: clarity"));
    assert!(wrong.body.contains("value=\"&#60;b&#62;\""), "what was typed is escaped");
    assert!(wrong.body.contains("value=\"Ideal\" checked"), "what was chosen is kept");
    let style = server.get("/style.css");
    assert!(style.header("content-type").starts_with("text/css"));
}

#[test]
fn requests_for_another_server_are_refused_and_known_names_are_answered() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start_with(&test_folder, &["--host", "prices.example"]);
    let ask = |hosts: &str| {
        let mut stream = std::net::TcpStream::connect(&server.address).expect("a connection");
        let head = format!("GET /v1/models HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    for (hosts, status) in [
        ("Host: 127.0.0.1\r\n", "200"),
        ("Host: prices.example:8080\r\n", "200"),
        ("Host: rebound.example\r\n", "421"),
        ("Host: $(touch x)\r\n", "400"),
        ("Host: localhost\r\nHost: rebound.example\r\n", "400"),
        ("", "400"),
    ] {
        assert_eq!(ask(hosts), status, "{hosts}");
    }
    assert_eq!(test_folder.value("SELECT count(*) FROM request WHERE status IN (400, 421)"), 4);
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named() {
    let test_folder = TestFolder::trained(200);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let said = test_folder.fail(1, &["serve", "--addr", &address]);
    assert!(said.contains(&address) && said.contains("--addr"), "{said}");
}

/// Sends raw bytes and gives the raw answer.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(&server.address).expect("a connection");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(15))).expect("a limit");
    // the server may close before all is sent
    let _ = socket.write_all(bytes);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_no_http_is_refused_and_others_are_still_served() {
    let held = held();
    let server = &held.1;
    assert!(raw(server, b"hello\r\n\r\n").starts_with("HTTP/1.1 400"));
    let long = |length| {
        let value = "y".repeat(length);
        format!("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {value}\r\n\r\n")
    };
    assert!(raw(server, long(15_000).as_bytes()).starts_with("HTTP/1.1 200"));
    let refused = raw(server, long(20_000).as_bytes());
    assert!(refused.starts_with("HTTP/1.1 431") && refused.contains("longer than 16384 bytes"), "{refused}");
    let many = "a: b\r\n".repeat(150);
    let refused = raw(
        server,
        format!("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{many}\r\n").as_bytes(),
    );
    assert!(refused.starts_with("HTTP/1.1 431") && refused.contains("more than 100 headers"), "{refused}");
    assert!(raw(server, long(100_000).as_bytes()).starts_with("HTTP/1.1 431"), "past what is read at all");
    for (start, status) in [
        ("GET /v1/%2e%2e/v1/models HTTP/1.1", "400"),
        ("GET //v1/models HTTP/1.1", "400"),
        ("GET /docs/../v1/models HTTP/1.1", "400"),
        ("GET /v1%2Fmodels HTTP/1.1", "400"),
        ("get /v1/models HTTP/1.1", "501"),
        ("POST /v1/predictions HTTP/1.1\r\nTransfer-Encoding: gzip, chunked", "501"),
    ] {
        let odd = raw(server, format!("{start}\r\nHost: localhost\r\nConnection: close\r\n\r\n0\r\n\r\n").as_bytes());
        assert!(odd.starts_with(&format!("HTTP/1.1 {status}")), "{start}: {odd}");
    }
    let odd = raw(server, b"BREW /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(odd.starts_with("HTTP/1.1 501") && odd.contains("BREW"), "{odd}");
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_client_that_has_said_all_is_still_answered() {
    let held = held();
    let server = &held.1;
    let body = stone().to_string();
    let mut socket = TcpStream::connect(&server.address).expect("a connection");
    let start = "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    write!(socket, "{start}Content-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
    socket.shutdown(std::net::Shutdown::Write).expect("said all");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("price_usd"), "{answer}");
}

#[test]
fn a_body_that_is_packed_is_refused_by_name() {
    let held = held();
    let server = &held.1;
    let answer: crate::program::Answer = agent()
        .post(server.url("/v1/predictions"))
        .header("Content-Type", "application/json")
        .header("Content-Encoding", "gzip")
        .send("{}")
        .map(Into::into)
        .expect("an answer");
    assert!(answer.status == 415 && answer.body.contains("gzip"), "{}", answer.body);
}

/// A server of its own for tests that would disturb others.
fn own_server() -> (TestFolder, Server) {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    (test_folder, server)
}

#[test]
fn a_client_that_sends_nothing_or_half_is_let_go_and_others_are_served() {
    let (_test_folder, server) = own_server();
    let begun = std::time::Instant::now();
    let mut half = TcpStream::connect(&server.address).expect("a connection");
    half.write_all(b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-").expect("sent");
    half.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("a limit");
    assert_eq!(server.post("/v1/predictions", &stone()).status, 200);
    let mut rest = Vec::new();
    // the connection ends, with a word or without
    let _ = half.read_to_end(&mut rest);
    let waited = begun.elapsed().as_secs();
    assert!((5..25).contains(&waited), "let go after {waited} s");
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_it_is_sent() {
    let held = held();
    let server = &held.1;
    let announced = "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n";
    let mut socket = TcpStream::connect(&server.address).expect("a connection");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(15))).expect("a limit");
    socket.write_all(announced.as_bytes()).expect("sent");
    let mut answer = [0; 400];
    let read = socket.read(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_idle_connections_do_not_stop_the_next_one() {
    let (_test_folder, server) = own_server();
    // as many as this process may have, less what it needs itself
    let limit: usize = std::fs::read_to_string("/proc/self/limits")
        .expect("limits")
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
        .expect("a limit");
    let wanted = 10_000.min(limit.saturating_sub(200));
    let idle: Vec<TcpStream> =
        (0..wanted).map(|_| TcpStream::connect(&server.address).expect("a connection")).collect();
    assert_eq!(server.post("/v1/predictions", &stone()).status, 200);
    assert_eq!(idle.len(), wanted);
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_is_under_way() {
    let (test_folder, server) = own_server();
    let mut socket = TcpStream::connect(&server.address).expect("a connection");
    let body = stone().to_string();
    // all but the last byte: the request is under way when the signal comes
    let (most, last) = body.split_at(body.len() - 1);
    write!(socket, "POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{most}", body.len()).expect("sent");
    std::thread::sleep(std::time::Duration::from_millis(200));
    crate::program::send_signal(server.pid(), "TERM");
    std::thread::sleep(std::time::Duration::from_millis(200));
    socket.write_all(last.as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.wait(), 0);
    assert_eq!(test_folder.json(&["requests", "list"])["requests"].as_array().map(Vec::len), Some(1));
    assert_eq!(test_folder.value("SELECT count(*) FROM request"), 1);
}

#[test]
fn the_log_is_read_page_by_page_and_reading_it_is_not_logged() {
    let (_test_folder, server) = own_server();
    let ids: Vec<String> = (0..5)
        .map(|_| server.post("/v1/predictions", &stone()).json()["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(server.post("/v1/predictions", &json!({})).status, 422);
    let listed = |query: &str| -> Vec<String> {
        let answer = server.get(&format!("/v1/requests{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let document = answer.json();
        let requests = document["requests"].as_array().expect("requests");
        requests.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(listed("").len(), 6, "in the list as soon as answered, and the reading is not in it");
    let first = listed("?status=200&limit=3");
    assert_eq!(first, [&ids[4][..], &ids[3], &ids[2]]);
    assert_eq!(listed(&format!("?status=200&path=/v1/predictions&before={}", first[2])), [&ids[1][..], &ids[0]]);
    let refused = server.get("/v1/requests?limit=0&status=x&before=1&since=2h");
    assert_eq!(refused.status, 422);
    let refused = server.get("/v1/requests?limit=0&status=x&before=1");
    assert_eq!(refused.json()["errors"].as_array().map(Vec::len), Some(3), "{}", refused.body);
}
