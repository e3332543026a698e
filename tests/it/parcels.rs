//! Parcels: many stones priced together, from what people paste and from their files.

use serde_json::json;

use crate::program::{Answer, Server, TestFolder, agent};

/// Sends the form with a file, as a browser does.
fn send_file(server: &Server, name: &str, content: &[u8]) -> Answer {
    let mut body = b"--part\r\nContent-Disposition: form-data; name=\"stones\"\r\n\r\n\r\n--part\r\nContent-Disposition: form-data; \
                     name=\"file\"; filename=\""
        .to_vec();
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"\"\r\nContent-Type: application/octet-stream\r\n\r\n");
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--part--\r\n");
    let once: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    once.post(server.url("/parcels"))
        .header("Content-Type", "multipart/form-data; boundary=part")
        .header("Sec-Fetch-Site", "same-origin")
        .send(&body[..])
        .map(Answer::from)
        .expect("an answer")
}

const STOCK: &str = "Ref;Weight;Cut Grade;Colour;Clarity\n\
                     A1;1,10;EX;H;SI2\nA2;0,50;VG;E;VS1\nA3;0,70;G;Z;VS2\nA4;40;EX;H;SI2\n";

#[test]
fn what_is_pasted_is_priced_with_a_total_and_rows_that_cannot_be_read_stay_with_their_reason() {
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let made = server.post_form("/parcels", &[("stones", STOCK), ("name", "Spring")]);
    assert_eq!((made.status, made.header("location")), (303, "/parcels/1001"), "{}", made.body);
    let page = server.get("/parcels/1001").body;
    assert!(page.contains("Parcel P-1001: Spring") && page.contains("for 2 stones of 1.60 ct together"), "{page}");
    assert!(page.contains("2 rows without a price are not in the total"), "{page}");
    assert!(page.contains("no reliable price: a weight of 40 ct"), "{page}");
    assert!(page.contains("A3") && page.contains("has no counterpart here: it is below J"), "{page}");
    // the prices are those of a question about each
    let csv = server.get("/parcels/1001/csv");
    assert!(csv.header("content-disposition").contains("parcel-1001.csv"));
    let lines: Vec<&str> = csv.body.lines().collect();
    assert_eq!(lines[0], "Ref,Weight,Cut Grade,Colour,Clarity,price_usd,low_usd,high_usd,model,prediction,warnings");
    assert_eq!(lines.len(), 5);
    let asked = server.post("/v1/predictions", &json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
    assert!(lines[1].starts_with(&format!("A1,\"1,10\",EX,H,SI2,{},", asked.json()["price_usd"])), "{}", lines[1]);
    let prediction = lines[1].split(',').nth(10).expect("an id");
    assert_eq!(server.get(&format!("/v1/predictions/{prediction}")).json()["price_usd"], asked.json()["price_usd"]);
    let workbook = agent().get(server.url("/parcels/1001/xlsx")).call().expect("an answer");
    assert!(workbook.headers()["content-type"].to_str().expect("text").contains("spreadsheetml"));
    let sorted = server.get("/parcels/1001?sort=-price").body;
    assert!(sorted.contains("aria-sort=\"descending\"") && sorted.find("1.1 Ideal") < sorted.find("0.5 Very Good"));
    // the margin is nowhere but in this answer
    let bought = server.post_form("/parcels/1001", &[("margin", "37")]).body;
    assert!(bought.contains("Pay at most") && bought.contains("for all"), "{bought}");
    assert_eq!(
        test_folder.value("SELECT count(*) FROM request WHERE concat_ws(' ', query, request_body) LIKE '%margin%'"),
        0
    );
    test_folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
    assert_eq!(server.get("/parcels/1001").body, page, "a parcel stays as it was");
    assert!(server.get("/parcels").body.contains("Spring"));
}

#[test]
fn a_file_is_read_as_ingest_reads_it_and_lines_without_a_header_are_stones() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let made = send_file(&server, "C:\\stock\\spring.csv", STOCK.as_bytes());
    assert_eq!(made.status, 303, "{}", made.body);
    assert!(server.get("/parcels/1001").body.contains("Parcel P-1001: spring.csv"));
    let lines = "1.1 ideal H SI2\n\n0.5 very good e vs1 61.8%\n0.7 idael g vs2\n";
    assert_eq!(server.post_form("/parcels", &[("stones", lines)]).status, 303);
    let page = server.get("/parcels/1002").body;
    assert!(page.contains("for 2 stones of 1.60 ct") && page.contains("&#34;idael&#34; is not understood"), "{page}");
}

#[test]
fn what_cannot_be_a_parcel_is_refused_and_what_was_pasted_is_kept() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let many = format!("carat,cut,color,clarity\n{}", "1,Ideal,H,SI2\n".repeat(2_001));
    for (stones, says) in [
        ("", "paste rows of a spreadsheet, or choose a file"),
        ("good morning", "good morning"),
        ("carat,cut,color,clarity\n", "add one line for each"),
        (many.as_str(), "a parcel 2000 at most"),
    ] {
        let answer = server.post_form("/parcels", &[("stones", stones)]);
        assert!(answer.status == 422 && answer.body.contains(says), "{stones:.40}: {:.2000}", answer.body);
    }
    assert_eq!(test_folder.value("SELECT count(*) FROM parcel"), 0);
    let both = "--part\r\nContent-Disposition: form-data; name=\"stones\"\r\n\r\n1.1 ideal h si2\r\n--part\r\nContent-Disposition: \
                form-data; name=\"file\"; filename=\"stock.csv\"\r\n\r\ncarat,cut,color,clarity\n1,Ideal,H,SI2\r\n--part--\r\n";
    let both = agent()
        .post(server.url("/parcels"))
        .header("Content-Type", "multipart/form-data; boundary=part")
        .header("Sec-Fetch-Site", "same-origin")
        .send(both)
        .map(Answer::from)
        .expect("an answer");
    assert!(
        both.status == 422 && both.body.contains("send one of them") && both.body.contains("1.1 ideal"),
        "{}",
        both.body
    );
    assert_eq!(test_folder.value("SELECT count(*) FROM parcel"), 0);
    assert_eq!(server.get("/parcels/1001").status, 404);
    assert_eq!(server.get("/parcels/x/csv").status, 404);
    let cut = agent()
        .post(server.url("/parcels"))
        .config()
        .http_status_as_error(false)
        .build()
        .header("Content-Type", "multipart/form-data; boundary=part")
        .header("Sec-Fetch-Site", "same-origin")
        .send("--part\r\nContent-Disposition: form-data; name=\"stones\"\r\n\r\n1.1")
        .expect("an answer");
    assert_eq!(cut.status().as_u16(), 400);
}
