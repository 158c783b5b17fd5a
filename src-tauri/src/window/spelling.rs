//! Spell checking by the web view. The page says where (its attribute `spellcheck`),
//! the system has the dictionaries.

use tauri::WebviewWindow;

/// Lets the web view check at all. WebView2 and WKWebView do so by themselves, in the
/// languages of the system; WebKitGTK has to be told, and takes those of the locale.
#[cfg(target_os = "linux")]
pub(super) fn allow(window: &WebviewWindow) {
    use webkit2gtk::{WebContextExt, WebViewExt};

    let allowed = window.with_webview(|view| {
        if let Some(context) = view.inner().context() {
            context.set_spell_checking_enabled(true);
        }
    });
    if let Err(error) = allowed {
        tracing::info!(%error, "spelling is not checked");
    }
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(super) fn allow(_: &WebviewWindow) {}
