//! What can go wrong with the built-in server, as the window says it.

use std::path::Path;

use engine::api::{ApiError, ErrorCode};
use server_lite::{AccountError, StartError};

use super::XMPP_PORT;

/// Whether only the port is in the way that the server can do without.
pub(super) fn is_only_xmpp_port(error: &StartError) -> bool {
    match error {
        StartError::PortInUse { address } | StartError::AddressNotAvailable { address, .. } => {
            address.port() == XMPP_PORT
        }
        _ => false,
    }
}

pub(super) fn start_error(error: &StartError) -> ApiError {
    match taken_port(error) {
        Some(port) => ApiError::new(ErrorCode::PortInUse).value("port", port),
        None => ApiError::new(ErrorCode::ServerStartFailed),
    }
    .detail(error)
}

/// The port that is in the way. Ports that Windows keeps for itself (for virtual
/// machines) are as good as taken.
fn taken_port(error: &StartError) -> Option<u16> {
    match error {
        StartError::PortInUse { address } => Some(address.port()),
        StartError::AddressNotAvailable { address, source }
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Some(address.port())
        }
        _ => None,
    }
}

pub(super) fn account_error(error: &AccountError, name: &str) -> ApiError {
    let code = match error {
        AccountError::NameTaken => ErrorCode::NameTaken,
        AccountError::NameInvalid => ErrorCode::NameInvalid,
        AccountError::PasswordTooWeak => ErrorCode::PasswordTooWeak,
        _ => ErrorCode::Internal,
    };
    ApiError::new(code)
        .value("name", name)
        .value("limit", server_lite::MIN_PASSWORD_CHARS)
        .detail(error)
}

pub(super) fn folder_error(folder: &Path, detail: &str) -> ApiError {
    ApiError::new(ErrorCode::ServerStartFailed)
        .value("path", folder.display())
        .detail(detail)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn a_port_that_the_system_keeps_is_as_good_as_taken() {
        let at = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let kept = |port, kind| StartError::AddressNotAvailable {
            address: at(port),
            source: Error::from(kind),
        };
        let code = |error| start_error(&error).code;
        assert_eq!(
            code(kept(5280, ErrorKind::PermissionDenied)),
            ErrorCode::PortInUse
        );
        assert_eq!(
            code(kept(5280, ErrorKind::AddrNotAvailable)),
            ErrorCode::ServerStartFailed
        );
        assert!(is_only_xmpp_port(&kept(
            XMPP_PORT,
            ErrorKind::PermissionDenied
        )));
        assert!(is_only_xmpp_port(&StartError::PortInUse {
            address: at(XMPP_PORT)
        }));
        assert!(!is_only_xmpp_port(&kept(5280, ErrorKind::PermissionDenied)));
    }
}
