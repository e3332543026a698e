//! Sales that go in, and models that are trained, with nothing but the pages.

use serde_json::json;

use crate::program::{Answer, Server, TestFolder, agent, wait_until};

/// Sends a file of sales, as a browser does.
fn send_sales(server: &Server, name: &str, content: &str) -> Answer {
    let head = format!(
        "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
    );
    let body = [head.as_bytes(), content.as_bytes(), b"\r\n--part--\r\n"].concat();
    agent()
        .post(server.url("/sales"))
        .header("Content-Type", "multipart/form-data; boundary=part")
        .header("Sec-Fetch-Site", "same-origin")
        .header("Accept", "text/html")
        .send(&body[..])
        .map(Answer::from)
        .expect("an answer")
}

/// The address to which the page of a file that is not in yet sends its form.
fn form_of(page: &str) -> &str {
    let (_, rest) = page.split_once("action=\"/sales/incoming/").expect("a form");
    &rest[..rest.find('"').expect("its end")]
}

#[test]
fn a_file_is_looked_at_corrected_taken_in_and_taken_back() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let before = test_folder.value("SELECT count(*) FROM sale");
    let stock = "Gewicht;Schliff;Farbe;Reinheit;Summe A;Summe B\n1,06;EX;G;VS1;7310;1\n0,41;VG;E;SI1;912;2\n0,9;VG;E;SI3;3100;3\n";
    let refused = send_sales(&server, "stock.csv", stock);
    assert_eq!(refused.status, 422, "the price is not found: {}", refused.body);
    let token = form_of(&refused.body).to_owned();
    let path = format!("/sales/incoming/{token}");
    let read = server.post_form(&path, &[("map-price", "Summe A"), ("go", "look")]);
    assert_eq!(read.status, 200, "{}", read.body);
    assert!(read.body.contains("3 rows: 2 would be new sales, 0 are known, 1 would be rejected"), "{}", read.body);
    assert!(read.body.contains("<option selected>Summe A</option>"), "{}", read.body);
    assert!(
        read.body.contains("Rows that would be rejected") && read.body.contains("0,9;VG;E;SI3;3100;3"),
        "{}",
        read.body
    );
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), before, "nothing goes in unseen");
    let went_in = server.post_form(&path, &[("map-price", "Summe A"), ("go", "in")]);
    assert_eq!((went_in.status, went_in.header("location")), (303, "/sales/2"), "{}", went_in.body);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale").as_i64(), before.as_i64().map(|before| before + 2));
    assert_eq!(server.post_form(&path, &[("go", "in")]).status, 404, "it waits no longer");
    let rejected = server.get("/sales/2/rejected").body;
    assert!(rejected.starts_with("line,column,reason,row\n4,clarity,") && rejected.contains("SI3"), "{rejected}");
    assert!(server.get("/sales/2").body.contains("Take its sales back"));
    assert_eq!(server.post_form("/sales/2/undo", &[]).status, 303);
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), before);
    assert!(server.get("/sales/2").body.contains("Its sales were removed again"));
}

#[test]
fn a_large_file_goes_in_and_what_is_no_file_is_refused() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let many = test_folder.succeed(&["generate", "--rows", "30000", "--seed", "77"]).stdout;
    assert!(many.len() > 1_048_576, "more than other forms may have");
    let page = send_sales(&server, "many.csv", &many);
    assert!(page.status == 200 && page.body.contains("30,000 rows"), "{}", page.body);
    let path = format!("/sales/incoming/{}", form_of(&page.body));
    assert_eq!(server.post_form(&path, &[("go", "in")]).status, 303);
    assert!(server.get("/sales/2").body.contains("many.csv"));
    assert_eq!(send_sales(&server, "", "").status, 422);
    assert_eq!(server.post_form("/sales", &[("file", "a")]).status, 415);
    test_folder.succeed(&["keys", "create", "--role", "read", "--name", "anna"]);
    assert_eq!(send_sales(&server, "many.csv", &many).status, 200, "led to the login");
    assert_eq!(test_folder.value("SELECT count(*) FROM batch"), 2);
}

#[test]
fn a_training_is_started_tells_its_progress_and_ends_with_a_verdict() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    assert!(server.get("/training").body.contains("400 sales are here"));
    assert_eq!(server.post_form("/training", &[("family", "forest")]).status, 422);
    let none = server.post_form("/training", &[("family", "")]);
    assert!(none.status == 422 && none.body.contains("mark what to train"), "{}", none.body);
    let started = server.post_form("/training", &[("family", "xgboost"), ("promote", "never")]);
    assert_eq!((started.status, started.header("location")), (303, "/training"), "{}", started.body);
    assert_eq!(server.post_form("/training", &[]).status, 409);
    assert!(server.get("/training").body.contains("A training is under way"));
    // the stream of progress ends with the training
    let told = server.get("/training/progress");
    assert_eq!(told.header("content-type"), "text/event-stream");
    assert!(
        told.body.contains("event: progress\ndata: {") && told.body.ends_with("event: ended\ndata: {}\n\n"),
        "{}",
        told.body
    );
    assert!(told.body.contains("xgboost: "), "{}", told.body);
    let page = server.get("/training").body;
    assert!(page.contains("The champion stays") && page.contains("/models/3"), "{page}");
    assert_eq!(server.get("/health").json()["model"]["id"], 2);
    assert_eq!(server.get("/training/progress").body, "event: ended\ndata: {}\n\n");
}

#[test]
fn a_training_that_is_stopped_keeps_the_best_and_one_that_fails_says_why() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    server.post_form("/training", &[("family", "xgboost")]);
    assert_eq!(server.post_form("/training/stop", &[]).status, 303);
    wait_until("it has stopped", || !server.get("/training").body.contains("is under way"));
    assert!(!server.get("/training").body.contains("signal"), "a stop is no failure of the system");
    // without sales nothing can be trained
    test_folder.succeed(&["batches", "undo", "1"]);
    assert_eq!(server.post_form("/training", &[("family", "linear")]).status, 303);
    wait_until("it has ended", || !server.get("/training").body.contains("is under way"));
    let page = server.get("/training").body;
    assert!(page.contains("did not come to its end") && page.contains("diamonds ingest"), "{page}");
    assert_eq!(
        server.post("/v1/predictions", &json!({"carat": 1, "cut": "Ideal", "color": "H", "clarity": "SI2"})).status,
        200
    );
}
