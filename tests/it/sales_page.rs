//! The pages of sales: `/sales` and `/sales/{id}`.

use crate::program::{Server, TestFolder, agent, files_in, wait_until};

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
fn sales_are_looked_up_one_by_one_and_taken_away_as_a_file() {
    let test_folder = TestFolder::new();
    let server = Server::start(&test_folder);
    assert!(server.get("/sales/browse").body.contains("There is no sale yet"));
    let stock = "carat,cut,color,clarity,depth,table,price,x,y,z,sold on\n\
                 1.06,Ideal,G,VS1,61.8,57,7310,6.55,6.51,4.04,2026-03-01\n\
                 0.41,Very Good,E,SI1,,,912,,,,2026-02-01\n0.42,Ideal,E,SI1,62,56,955,4.8,4.82,2.98,2025-12-31\n";
    test_folder.succeed(&["ingest", &test_folder.write("stock.csv", stock)]);
    let all = server.get("/sales/browse").body;
    assert!(all.contains("3 sales, which fetched $912 to $7,310"), "{all}");
    assert!(all.contains("1.06 Ideal G VS1 depth 61.8") && all.contains("href=\"/?carat=1.06&#38;cut=Ideal"), "{all}");
    // each filter narrows, and every scale counts what its other grades would show
    for (query, found, counted) in [
        ("color=E", "2 sales", 1),
        ("cut=Ideal&color=e", "1 sale.", 1),
        ("carat_to=0,415", "1 sale.", 0),
        ("price_from=%24900&price_to=1000", "2 sales", 0),
        ("sold_from=2026-01-01", "2 sales", 1),
        ("batch=2", "0 sales", 0),
    ] {
        let page = server.get(&format!("/sales/browse?{query}")).body;
        assert!(page.contains(found), "{query}: {page}");
        let of_g = "value=\"G\"> <b>G</b>";
        let after = page.split(of_g).nth(1).expect("a facet").split("<span>").nth(1).expect("a count");
        assert_eq!(after.starts_with('1'), counted == 1, "{query}");
    }
    let sorted = server.get("/sales/browse?sort=price").body;
    let place = |text: &str| sorted.rfind(text).unwrap_or_else(|| panic!("{text}: {sorted}"));
    assert!(place("<td>$912</td>") < place("<td>$955</td>") && place("<td>$955</td>") < place("<td>$7,310</td>"));
    assert!(sorted.contains("aria-sort=\"ascending\""));
    let wrong = server.get("/sales/browse?carat_from=heavy&color=Q");
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Weight must be a number") && wrong.body.contains("Colour Q is unknown"));
    assert_eq!(server.get("/sales/browse.csv?carat_from=heavy").status, 422);
    // a file of what was found goes in again: nothing in it is new
    let csv = server.get("/sales/browse.csv?color=E&sort=carat");
    assert_eq!(csv.header("Content-Disposition"), "attachment; filename=\"sales.csv\"");
    assert!(csv.body.starts_with("carat,cut,color,clarity,depth,table,x,y,z,price,date,certificate,laboratory,stock_number,batch,line\n0.41,Very Good"));
    let report = &test_folder.json(&["ingest", &test_folder.write("again.csv", &csv.body)])["files"][0];
    assert_eq!((report["accepted"].as_i64(), report["known"].as_i64()), (Some(0), Some(2)), "{report}");
    let parquet = agent().get(server.url("/sales/browse.parquet")).call().expect("an answer").into_body().read_to_vec();
    test_folder.write("all.parquet", parquet.expect("bytes"));
    let file = test_folder.path("all.parquet").display().to_string();
    assert_eq!(test_folder.json(&["ingest", &file])["files"][0]["known"], 3);
    // nothing is left in the work folders, which stand beside the database
    let folder = test_folder.database().parent().expect("a folder").to_owned();
    let beside = || files_in(&folder).into_iter().map(|name| folder.join(name)).filter(|path| path.is_dir());
    assert!(beside().count() > 0, "the server has a work folder");
    wait_until("no file is left", || {
        beside().all(|work| !files_in(&work).iter().any(|name| name.starts_with("found-sales")))
    });
}

#[test]
fn many_sales_are_drawn_by_the_cells_of_a_grid_that_lead_to_their_sales() {
    let test_folder = TestFolder::trained(2_000);
    let server = Server::start(&test_folder);
    let page = server.get("/sales/browse?by=clarity").body;
    assert!(page.contains("2,000 sales") && page.contains("A cell leads to its sales"), "{page}");
    // what the cells say they hold is all there is, and each leads to as many
    let cells: Vec<&str> =
        page.split("<a href=\"").filter(|part| part.contains("aria-label") && part.contains(" sold,")).collect();
    let said = |cell: &&str| -> i64 {
        let words = cell.split(" sold,").next().expect("words");
        words.rsplit(' ').next().expect("a number").replace(',', "").parse().expect("a number")
    };
    assert_eq!(cells.iter().map(said).sum::<i64>(), 2_000);
    let fullest = cells.iter().max_by_key(|cell| said(cell)).expect("a cell");
    let address = fullest.split('"').next().expect("an address").replace("&#38;", "&").replace("&amp;", "&");
    let inside = server.get(&address).body;
    let found =
        inside.split(" sale").next().and_then(|text| text.rsplit('>').next()).expect("a count").replace(',', "");
    assert!((found.parse::<i64>().expect("a count") - said(fullest)).abs() <= 2, "{found} in {fullest}");
    assert!(server.get("/sales/browse?page=2").body.contains("rel=\"prev\""));
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
