//! The web pages and the pages of the API itself.

use crate::support::Api;

#[tokio::test]
async fn pages_are_served_and_what_is_none_is_not_found() {
    let api = Api::new().await;
    let browse = |path: &str| api.get(path).anonymous().header("accept", "text/html,*/*;q=0.8");
    for path in ["/", "/shipments", "/shipments/shp_1", "/login?next=/"] {
        for page in [browse(path).send().await, api.get(path).anonymous().send().await] {
            assert_eq!(page.status, 200, "{path}");
            assert!(page.header("content-type").starts_with("text/html"), "{path}");
        }
    }
    for path in ["/nope", "/nothing.js", "/shipments/shp_1/more"] {
        api.get(path).anonymous().send().await.problem(404, "not-found");
        api.get(path).anonymous().header("accept", "application/json").send().await.problem(404, "not-found");
        let page = browse(path).header("if-none-match", browse("/").send().await.header("etag")).send().await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.header("content-type").starts_with("text/html") && !page.body.is_empty(), "{path}");
    }
    browse("/v1/nothing").send().await.problem(404, "not-found");
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
