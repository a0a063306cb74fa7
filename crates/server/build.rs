//! Makes sure that the folder of the web pages exists, and builds again when it changes.

fn main() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    // A source tree that cannot be written builds without the pages.
    let _ = std::fs::create_dir_all(&folder);
    println!("cargo::rerun-if-changed=build.rs");
    if folder.exists() {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}
