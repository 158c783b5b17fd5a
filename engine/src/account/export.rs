//! Reads a conversation in pages and writes it into a file. What is in memory is
//! one page, whatever the length of the conversation.

use std::io::Write;
use std::path::PathBuf;

use super::Shared;
use super::requests::failed;
use crate::api::{ApiError, ErrorCode, ExportFormat, ExportLabels, ExportView};
use crate::export::{Copied, Export, Head};
use crate::store::StoreError;
use crate::store::export as rows;
use crate::store::export::Row;
use crate::vault::{PIECE, Vault};

/// Messages of a page.
const PAGE: u32 = 500;

/// What ends an export.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("export: {0}")]
    File(#[from] std::io::Error),
}

impl From<Ended> for ApiError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Store(error) => failed(error),
            Ended::File(error) => Self::of_disk(&error, ErrorCode::FileNotWritten),
        }
    }
}

/// Exports a conversation as far as it is here.
///
/// # Errors
/// [`ErrorCode::NotFound`], [`ErrorCode::FileNotWritten`], [`ErrorCode::DiskFull`],
/// [`ErrorCode::CacheFailed`].
pub(super) async fn run(
    shared: &Shared,
    conversation: String,
    format: ExportFormat,
    path: String,
    labels: ExportLabels,
) -> Result<ExportView, ApiError> {
    let store = &shared.store;
    let of = conversation.clone();
    let (name, is_partial) = store
        .read(move |db| rows::about(db, &of))
        .await
        .map_err(failed)?
        .ok_or(ErrorCode::NotFound)?;
    let head = Head {
        conversation: conversation.clone(),
        name,
        account: shared.address.to_string(),
        exported_ms: shared.clock.now_ms(),
        labels,
    };
    let file = PathBuf::from(&path);
    let export = blocking(move || Export::begin(&file, format, head)).await?;
    let (messages, files) = write(shared, conversation, export).await?;
    Ok(ExportView {
        path,
        messages,
        files,
        is_partial,
    })
}

async fn write(
    shared: &Shared,
    conversation: String,
    mut export: Export,
) -> Result<(u64, u32), Ended> {
    let mut behind = (i64::MIN, i64::MIN);
    loop {
        let of = conversation.clone();
        let page = shared
            .store
            .read(move |db| rows::page(db, &of, behind, PAGE))
            .await?;
        let Some(last) = page.last() else { break };
        behind = (last.position, last.id);
        let mut copied = Vec::with_capacity(page.len());
        for row in &page {
            let files;
            (export, files) = copy_files(&shared.files.vault, row, export).await?;
            copied.push(files);
        }
        export = blocking(move || {
            for (row, copied) in page.iter().zip(&copied) {
                export.message(row, copied)?;
            }
            Ok(export)
        })
        .await?;
    }
    let written = (export.messages, export.files);
    blocking(move || export.finish()).await?;
    Ok(written)
}

/// Copies the attachments of a message that are here, piece by piece.
async fn copy_files(
    vault: &Vault,
    row: &Row,
    mut export: Export,
) -> Result<(Export, Vec<Copied>), Ended> {
    let mut copied = Vec::new();
    for (place, attachment) in row.attachments.iter().enumerate() {
        let Some(here) = &attachment.here else {
            continue;
        };
        // What is damaged can be fetched again, and is no reason to end here.
        let Ok(mut reader) = vault.open(here.sealed.clone()).await else {
            continue;
        };
        let name = attachment.name.clone();
        let made;
        (export, made) = blocking(move || {
            let (mut file, path) = export.attach(name.as_deref())?;
            let mut at = 0;
            while at < reader.len() {
                let piece = reader.read_at(at, PIECE)?;
                file.write_all(&piece)?;
                at += piece.len() as u64;
            }
            file.sync_all()?;
            Ok((export, path))
        })
        .await?;
        copied.push(Copied { place, path: made });
    }
    Ok((export, copied))
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Ended> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(std::io::Error::other)?
        .map_err(Ended::from)
}
