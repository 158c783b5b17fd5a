//! What is here for measuring alone, when `STARTALK_BENCH` is set.

use std::process::ExitCode;

use tauri::{WebviewUrl, WebviewWindowBuilder};

use crate::paths::Paths;

/// Set by benches: anything notes the first paint in a file; [`EMPTY`] opens
/// nothing but a window.
pub(crate) const VARIABLE: &str = "STARTALK_BENCH";

const EMPTY: &str = "empty-window";

/// Whether only an empty window is wanted, to tell what the web view itself takes.
pub(crate) fn is_empty_window_wanted() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == EMPTY)
}

/// Opens a window with nothing in it: no engine, an empty page, no plugin. The page is
/// loaded as that of any app is: for `about:blank` the web view does without much of
/// what it needs to show anything at all.
pub(crate) fn empty_window(paths: &Paths) -> anyhow::Result<ExitCode> {
    let data = paths.webview();
    let app = tauri::Builder::default()
        .register_uri_scheme_protocol("empty", |_, _| {
            let page = b"<!doctype html><title>empty</title>";
            let mut response = tauri::http::Response::new(page.to_vec());
            let html = tauri::http::HeaderValue::from_static("text/html");
            let name = tauri::http::header::CONTENT_TYPE;
            response.headers_mut().insert(name, html);
            response
        })
        .setup(move |app| {
            let blank = WebviewUrl::CustomProtocol("empty://localhost/".parse()?);
            WebviewWindowBuilder::new(app, "main", blank)
                .inner_size(1080.0, 720.0)
                .data_directory(data)
                .build()?;
            Ok(())
        })
        .build(crate::context())?;
    app.run(|_, _| {});
    Ok(ExitCode::SUCCESS)
}
