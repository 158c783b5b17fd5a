//! Places on the disk that the user chose in a dialog: the page may name these and no
//! others. A page that somebody else speaks through can neither send files of the user
//! nor write where it wants.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::api::{ApiError, ConversationRequest, ErrorCode, FileRequest, FileSource, Request};

/// So many are remembered: who is asked uses the answer at once.
const MAX: usize = 20;

/// What the dialog gave.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<Vec<PathBuf>>);

impl Asked {
    /// The user has chosen this.
    pub(crate) fn add(&self, path: PathBuf) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| *known != path);
        all.push(path);
        if all.len() > MAX {
            all.remove(0);
        }
    }

    /// Lets through what the user chose.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`].
    pub(crate) fn check(&self, path: &Path) -> Result<(), ApiError> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter().any(|known| known == path) {
            true => Ok(()),
            false => Err(refused()),
        }
    }

    /// Looks at what the page asks of the engine. Files come through
    /// `file_stage_begin` and leave through `file_save`.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`].
    pub(crate) fn check_request(&self, request: &Request) -> Result<(), ApiError> {
        match request {
            Request::Files(FileRequest::Send {
                source: FileSource::Path { .. },
                ..
            })
            | Request::Files(FileRequest::Save { .. }) => Err(refused()),
            Request::Conversation(ConversationRequest::Export { path, .. }) => {
                self.check(Path::new(path))
            }
            _ => Ok(()),
        }
    }
}

fn refused() -> ApiError {
    ApiError::new(ErrorCode::NotAllowed).detail("nobody chose this place")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn request(json: serde_json::Value) -> Request {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_page_names_no_place_that_nobody_chose() {
        let asked = Asked::default();
        let words = [
            "language",
            "time_zone",
            "exported",
            "edited",
            "retracted",
            "not_sent",
            "file",
        ];
        let labels: HashMap<_, _> = words.map(|word| (word, "")).into_iter().collect();
        let export = request(serde_json::json!({
            "type": "conversation", "action": "export", "account": "a", "conversation": "b",
            "format": "json", "path": "/home/rosa/chat.json",
            "labels": labels,
        }));
        assert!(asked.check_request(&export).is_err());
        asked.add(PathBuf::from("/home/rosa/chat.json"));
        assert!(asked.check_request(&export).is_ok());
        assert!(asked.check(Path::new("/home/rosa/.profile")).is_err());
        for refused in [
            serde_json::json!({
                "type": "files", "action": "send", "account": "a", "conversation": "b",
                "source": { "from": "path", "path": "/home/rosa/.ssh/id_ed25519" },
                "name": null, "media_type": null, "width": null, "height": null,
                "caption": "", "reply_to": null, "mentions": [],
            }),
            serde_json::json!({
                "type": "files", "action": "save", "account": "a", "message": 1, "index": 0,
                "to": { "in": "file", "path": "/home/rosa/.profile" },
            }),
        ] {
            assert!(asked.check_request(&request(refused)).is_err());
        }
        assert!(asked.check_request(&Request::Overview).is_ok());
        for number in 0..MAX {
            asked.add(PathBuf::from(format!("/tmp/{number}")));
        }
        assert!(asked.check_request(&export).is_err(), "too long ago");
    }
}
