//! Whether a server can be reached, for who has no account yet, with a result that
//! can be read aloud.

use tokio::time::Instant;

use super::Engine;
use crate::api::{ApiError, CheckStep, CheckView, ErrorCode};
use crate::connection;

/// Numbers of the reasons; each stays what it is. `docs/diagnostic-codes.md` has them
/// with what to do.
const REASONS: &[(ErrorCode, u16)] = &[
    (ErrorCode::InputEmpty, 101),
    (ErrorCode::InputNotUnderstood, 102),
    (ErrorCode::LinkDamaged, 103),
    (ErrorCode::LinkTooNew, 104),
    (ErrorCode::NavigationNotTrusted, 105),
    (ErrorCode::NavigationExpired, 106),
    (ErrorCode::ServerUnknown, 201),
    (ErrorCode::NoNetwork, 301),
    (ErrorCode::ServerUnreachable, 302),
    (ErrorCode::ProxyFailed, 303),
    (ErrorCode::ProxyPassword, 304),
    (ErrorCode::TimedOut, 305),
    (ErrorCode::CaptivePortal, 306),
    (ErrorCode::CertificateNotTrusted, 401),
    (ErrorCode::CertificateExpired, 402),
    (ErrorCode::CertificateWrongName, 403),
    (ErrorCode::CertificateKeyChanged, 404),
    (ErrorCode::NotAChatServer, 501),
    (ErrorCode::DomainNotServed, 502),
    (ErrorCode::VersionNotSupported, 503),
    (ErrorCode::RedirectRefused, 504),
    (ErrorCode::ServerBusy, 505),
    (ErrorCode::ServerShuttingDown, 506),
    (ErrorCode::PolicyViolation, 507),
    (ErrorCode::ServerRefused, 508),
    (ErrorCode::Internal, 901),
];
/// Any other.
const OTHER: u16 = 999;

impl Engine {
    pub(super) async fn check(&self, input: &str) -> CheckView {
        let began = Instant::now();
        let mut view = CheckView {
            domain: None,
            failed: None,
            error: None,
            code: code(None),
            way: None,
            certificate: None,
            took_ms: 0,
        };
        let problem = match self.understand(input).await {
            Err(error) => Some((CheckStep::Address, error)),
            Ok(destination) => {
                let target = destination.target;
                let looked = connection::look(&self.inner.connector, &target).await;
                let name = target.name.as_deref().unwrap_or(&target.domain);
                let outcome = match looked {
                    Ok(met) => {
                        view.way = Some(met.way);
                        view.certificate = met.certificate;
                        None
                    }
                    Err(error) => {
                        let error = error.to_api(name);
                        Some((step(error.code), error))
                    }
                };
                view.domain = Some(target.domain);
                outcome
            }
        };
        if let Some((step, error)) = problem {
            view.code = code(Some((step, &error)));
            view.failed = Some(step);
            view.error = Some(error);
        }
        view.took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        view
    }
}

/// How far somebody came who ends with this on the way to a server.
fn step(code: ErrorCode) -> CheckStep {
    match code {
        ErrorCode::ServerUnknown => CheckStep::Name,
        ErrorCode::NoNetwork
        | ErrorCode::ServerUnreachable
        | ErrorCode::ProxyFailed
        | ErrorCode::ProxyPassword
        | ErrorCode::TimedOut
        | ErrorCode::CaptivePortal => CheckStep::Reach,
        ErrorCode::CertificateNotTrusted
        | ErrorCode::CertificateExpired
        | ErrorCode::CertificateWrongName
        | ErrorCode::CertificateKeyChanged => CheckStep::Certificate,
        _ => CheckStep::Server,
    }
}

/// Step, reason, check digit.
fn code(problem: Option<(CheckStep, &ApiError)>) -> String {
    let (step, reason) = match problem {
        None => (0, 0),
        Some((step, error)) => {
            let known = REASONS.iter().find(|(code, _)| *code == error.code);
            let step = match step {
                CheckStep::Address => 1,
                CheckStep::Name => 2,
                CheckStep::Reach => 3,
                CheckStep::Certificate => 4,
                CheckStep::Server => 5,
            };
            (step, known.map_or(OTHER, |(_, reason)| *reason))
        }
    };
    format!("{step}-{reason:03}-{}", check_digit(step * 1000 + reason))
}

/// By Luhn (ISO/IEC 7812-1, annex B): finds a digit that was misheard, and most
/// that changed places.
fn check_digit(mut number: u16) -> u16 {
    let mut sum = 0;
    let mut doubled = true;
    while number > 0 {
        let digit = number % 10;
        sum += match doubled {
            true if digit > 4 => digit * 2 - 9,
            true => digit * 2,
            false => digit,
        };
        doubled = !doubled;
        number /= 10;
    }
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u118_a_code_says_step_and_reason_and_finds_what_was_misheard() {
        let of = |step, error: ErrorCode| code(Some((step, &ApiError::new(error))));
        assert_eq!(code(None), "0-000-0");
        assert_eq!(
            of(CheckStep::Reach, ErrorCode::ServerUnreachable),
            "3-302-7"
        );
        assert_eq!(
            of(CheckStep::Address, ErrorCode::ServerUnreachable),
            "1-302-9"
        );
        assert_eq!(of(CheckStep::Server, ErrorCode::FileEmpty), "5-999-8");
        for misheard in [3402, 3303, 2302, 3320, 3032] {
            assert_ne!(check_digit(misheard), check_digit(3302), "{misheard}");
        }
    }

    #[test]
    fn u118_every_reason_is_described_once() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/diagnostic-codes.md");
        let described = std::fs::read_to_string(path).unwrap();
        let numbers = REASONS.iter().map(|(_, number)| *number);
        for number in numbers.chain([OTHER]) {
            let row = format!("| {number} |");
            assert_eq!(described.matches(&row).count(), 1, "{row}");
        }
    }
}
