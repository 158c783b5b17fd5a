//! Links as QR codes.

use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

/// The text does not fit into a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct QrError;

fn code(text: &str) -> Result<QrCode, QrError> {
    // Links are read off a screen, not off a scratched box: more room is worth
    // more than more repair.
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| QrError)
}

/// An SVG document: dark on white with its quiet zone, whatever the theme.
///
/// # Errors
/// [`QrError`].
pub fn qr_svg(text: &str) -> Result<String, QrError> {
    Ok(code(text)?
        .render::<svg::Color<'_>>()
        .quiet_zone(true)
        .min_dimensions(240, 240)
        .dark_color(svg::Color("#111111"))
        .light_color(svg::Color("#ffffff"))
        .build())
}

/// For a terminal: two modules to a character, light on dark.
///
/// # Errors
/// [`QrError`].
pub fn qr_text(text: &str) -> Result<String, QrError> {
    Ok(code(text)?
        .render::<unicode::Dense1x2>()
        .quiet_zone(true)
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_fit_and_novels_do_not() {
        let link = format!("startalk://join/{}", "a".repeat(500));
        let svg = qr_svg(&link).unwrap();
        assert!(svg.contains("<svg") && !svg.contains("href"), "{svg}");
        assert!(qr_text(&link).unwrap().lines().count() > 20);
        assert_eq!(qr_svg(&"a".repeat(5000)), Err(QrError));
    }
}
