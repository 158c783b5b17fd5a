//! The sign-in of this computer's user, asked by the system itself: Windows Hello,
//! Touch ID or the password on macOS, polkit on Linux. The program learns whether it
//! was they, and nothing else.

#[cfg(target_os = "linux")]
mod polkit;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the user.
    Confirmed,
    /// It is not, as far as the system knows.
    Refused,
    /// They changed their mind.
    Cancelled,
    /// The system cannot ask.
    Unable,
}

/// Whether the system can be asked at all. On Linux that is so where a package of
/// ours has told it for what.
pub(crate) async fn is_there() -> bool {
    #[cfg(target_os = "linux")]
    return polkit::is_there().await;
    #[cfg(not(target_os = "linux"))]
    std::future::ready(true).await
}

/// Asks, in Chinese or in English.
#[cfg_attr(
    target_os = "linux",
    expect(
        unused_variables,
        reason = "polkit has the words, in the language of the system"
    )
)]
pub(crate) async fn ask(chinese: bool) -> Outcome {
    #[cfg(target_os = "linux")]
    return polkit::ask().await;
    #[cfg(not(target_os = "linux"))]
    by_crate(chinese).await
}

#[cfg(not(target_os = "linux"))]
async fn by_crate(chinese: bool) -> Outcome {
    use std::sync::{Mutex, PoisonError};

    use robius_authentication::{
        AndroidText, BiometricStrength, Context, Error, PolicyBuilder, Text, WindowsText,
    };

    let policy = PolicyBuilder::new()
        .biometrics(Some(BiometricStrength::Strong))
        .password(true)
        .companion(true)
        .build();
    let Some(policy) = policy else {
        return Outcome::Unable;
    };
    // macOS: "Startalk is trying to …".
    let (to_open, sentence) = match chinese {
        true => ("解锁聊天记录", "解锁 Startalk"),
        false => ("unlock your chats", "Unlock Startalk"),
    };
    let Some(windows) = WindowsText::new("Startalk", sentence) else {
        return Outcome::Unable;
    };
    let text = Text {
        android: AndroidText {
            title: "Startalk",
            subtitle: None,
            description: None,
        },
        apple: to_open,
        windows,
    };
    let (done, answer) = tokio::sync::oneshot::channel();
    let done = Mutex::new(Some(done));
    let asked = Context::new(()).authenticate(text, &policy, move |result| {
        let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            drop(done.send(result));
        }
    });
    let result = match asked {
        Ok(()) => answer.await.unwrap_or(Err(Error::Unavailable)),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => Outcome::Confirmed,
        Err(Error::UserCanceled) => Outcome::Cancelled,
        Err(Error::Authentication | Error::Exhausted) => Outcome::Refused,
        Err(error) => {
            tracing::info!(?error, "the system does not ask for its sign-in");
            Outcome::Unable
        }
    }
}
