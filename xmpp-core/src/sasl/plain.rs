//! PLAIN (RFC 4616).

use zeroize::Zeroizing;

/// What a client sent.
pub struct Credentials {
    /// Identity to act as, if it is not the user itself.
    pub authzid: Option<String>,
    /// Localpart of the user.
    pub username: String,
    /// The password as typed.
    pub password: Zeroizing<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The initial response of a client.
#[must_use]
pub fn initial_response(username: &str, password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([b"\0", username.as_bytes(), b"\0", password.as_bytes()].concat())
}

/// Reads an initial response; `None` if it is not one.
#[must_use]
pub fn parse(response: &[u8]) -> Option<Credentials> {
    let mut parts = response.split(|byte| *byte == 0);
    let authzid = std::str::from_utf8(parts.next()?).ok()?;
    let username = std::str::from_utf8(parts.next()?).ok()?;
    let password = std::str::from_utf8(parts.next()?).ok()?;
    if parts.next().is_some() || username.is_empty() || password.is_empty() {
        return None;
    }
    Some(Credentials {
        authzid: (!authzid.is_empty()).then(|| authzid.to_owned()),
        username: username.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let read = parse(&initial_response("rosa", "pencil 铅笔")).unwrap();
        assert_eq!(
            (read.username.as_str(), read.password.as_str()),
            ("rosa", "pencil 铅笔")
        );
        assert_eq!(read.authzid, None);
        assert!(!format!("{read:?}").contains("pencil"));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            &b""[..],
            b"\0a",
            b"\0\0p",
            b"\0a\0",
            b"\0a\0p\0x",
            b"a",
            b"\0\xff\0p",
        ] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }
}
