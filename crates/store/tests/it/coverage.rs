//! The suite calls every public function of the store.

use std::fs;
use std::path::Path;

#[test]
fn every_public_function_is_called() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite: String = sources(&home.join("tests/it")).into_iter().map(|(_, text)| text).collect();
    let mut missing = Vec::new();
    let mut count = 0;
    for (module, text) in sources(&home.join("src")) {
        for line in text.lines() {
            let method = line.starts_with("    ");
            let Some(rest) = line.trim_start().strip_prefix("pub async fn ") else { continue };
            let name = rest.split(['(', '<']).next().unwrap();
            let call = match (module.as_str(), method) {
                // What is not part of the surface.
                ("migrate" | "table", _) => continue,
                (_, true) if rest.contains("self") => format!(".{name}("),
                (_, true) => format!("::{name}("),
                (module, false) => format!("{module}::{name}("),
            };
            count += 1;
            if !suite.contains(&call) {
                missing.push(call);
            }
        }
    }
    assert!(count > 100, "found only {count} functions: did the layout change?");
    assert!(missing.is_empty(), "the suite never calls {missing:#?}");
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}
