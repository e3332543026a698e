//! The pages of sales: `/sales` and `/sales/{id}`.

use crate::program::{Server, TestFolder};

#[test]
fn a_file_shows_how_each_column_was_read_and_what_did_not_go_in() {
    let test_folder = TestFolder::new();
    let server = Server::start(&test_folder);
    assert!(server.get("/sales").body.contains("No file is ingested yet"));
    let stock = "Weight;Cut Grade;Colour;Clarity;Total Price;Remarks\n\
                 1,06;EX;G;VS1;$7.310;<b>safe</b>\n0,41;VG;E;SI1;912;\n0,9;VG;E;SI3;3.100;a <script>\n";
    test_folder.succeed(&["ingest", &test_folder.write("stock.csv", stock)]);
    let list = server.get("/sales");
    assert!(list.body.contains("stock.csv") && list.body.contains("/sales/1"), "{}", list.body);
    let page = server.get("/sales/1");
    assert_eq!(page.status, 200);
    for words in [
        "Weight",
        "decimal comma",
        "1,06 · 0,41 · 0,9",
        "Left out: Remarks",
        "lies between SI2 and I1",
        "a &#60;script&#62;",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    for unknown in ["/sales/7", "/sales/x", "/sales/-1"] {
        assert_eq!(server.get(unknown).status, 404, "{unknown}");
    }
    test_folder.succeed(&["batches", "undo", "1"]);
    assert!(server.get("/sales").body.contains("(undone)"));
    assert!(server.get("/sales/1").body.contains("were removed again"));
}

#[test]
fn a_file_whose_rows_are_all_rejected_shows_the_first_of_them() {
    let test_folder = TestFolder::new();
    let stock = format!("carat,cut,color,clarity,price\n{}", "1.0,Ideal,H,SI2,-1\n".repeat(250));
    assert_eq!(test_folder.run(&["ingest", &test_folder.write("stock.csv", stock)]).code, 1);
    let server = Server::start(&test_folder);
    let page = server.get("/sales/1").body;
    assert!(page.contains("the first 100") && page.contains("/sales/1/rejected"), "{page}");
    assert_eq!(page.matches("<code>1.0,Ideal").count(), 100);
}
