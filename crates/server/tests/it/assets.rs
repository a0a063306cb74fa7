//! The web pages and the pages of the API itself.

use crate::support::Api;

#[tokio::test]
async fn unknown_pages_are_the_start_page_and_unknown_paths_of_the_api_are_not() {
    let api = Api::new().await;
    for path in ["/", "/shipments", "/shipments/shp_1"] {
        let page = api.get(path).anonymous().send().await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
    }
    api.get("/nothing.js").anonymous().send().await.problem(404, "not-found");
    api.get("/v1/nothing").anonymous().send().await.problem(404, "not-found");
    api.post("/shipments").anonymous().send().await.problem(404, "not-found");
}

#[tokio::test]
async fn the_docs_load_nothing_from_outside() {
    let api = Api::new().await;
    let page = api.get("/docs").anonymous().send().await.text();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    for path in ["/docs/docs.js", "/docs/docs.css"] {
        let file = api.get(path).anonymous().send().await;
        assert_eq!(file.status, 200);
        assert!(!file.text().contains("://"), "{path}");
    }
}

#[tokio::test]
async fn every_kind_of_problem_has_a_page() {
    let api = Api::new().await;
    let rules = include_str!("../../../../docs/api.md");
    for kind in tracklane_server::problem::Kind::ALL {
        let page = api.get(&format!("/problems/{}", kind.name())).anonymous().send().await;
        assert!(page.text().contains(kind.title()), "{}", kind.name());
        assert!(rules.contains(&format!("`{}`", kind.name())), "{} is not in docs/api.md", kind.name());
    }
    api.get("/problems/none").anonymous().send().await.problem(404, "not-found");
}
