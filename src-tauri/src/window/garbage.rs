//! How the page's process collects garbage.

/// Options of JavaScriptCore, which reads them from its environment when it starts and
/// passes over what it does not know (`Source/JavaScriptCore/runtime/OptionsList.h` in
/// WebKit).
///
/// By itself it lets 32 MB gather before it looks for garbage at all, looks then at what
/// is new alone, and takes the machine's memory as a measure of what it may keep: a chat
/// whose live objects are 10 MB came to hold 65 MB of them. With these it looks at
/// everything, each time some 10 MB have gathered; that takes 10 ms.
#[cfg(target_os = "linux")]
const OPTIONS: [(&str, &str); 3] = [
    ("JSC_useGenerationalGC", "0"),
    // Bytes.
    ("JSC_largeHeapSize", "8388608"),
    ("JSC_forceRAMSize", "2147483648"),
];

/// Has the page's process keep less of what is no longer used. Only WebKitGTK can be
/// told. What is in the environment already stays as it is. Programs that are opened from
/// here get it, too; those that run no JavaScriptCore do not care.
///
/// To be called before there is a second thread: the environment is not theirs to share.
#[cfg(target_os = "linux")]
pub(crate) fn collect_often() {
    for (name, value) in OPTIONS {
        if gtk::glib::setenv(name, value, false).is_err() {
            // Nothing is logged yet at this point, and nothing is lost but memory.
            return;
        }
    }
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(crate) fn collect_often() {}
