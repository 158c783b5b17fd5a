//! What people say of themselves: nicknames, cards, pictures.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::contacts::local_part;
use crate::api::CardView;

/// Bytes of all pictures that are kept; those used least go.
const AVATAR_BYTES: i64 = 64 * 1024 * 1024;
/// Pictures used this long ago are marked as used again.
const USED_STEP_MS: i64 = 24 * 3600 * 1000;

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) nickname: String,
    pub(crate) card: Option<CardView>,
    /// When the card was fetched.
    pub(crate) card_ms: Option<i64>,
    /// Hash of the picture: empty if there is none, `None` if nothing is known.
    pub(crate) avatar: Option<String>,
    pub(crate) avatar_from: Option<AvatarFrom>,
}

/// Where a picture is announced; a node of its own counts more than a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AvatarFrom {
    /// XEP-0084.
    Pep,
    /// XEP-0153.
    Card,
}

impl AvatarFrom {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pep => "pep",
            Self::Card => "card",
        }
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Avatar {
    pub(crate) media_type: String,
    pub(crate) data: Vec<u8>,
    /// It was not used for a while: see [`used`].
    pub(crate) stale: bool,
}

/// What is known of a person.
pub(crate) fn get(db: &Connection, address: &str) -> rusqlite::Result<Profile> {
    let found = db
        .prepare_cached(
            "SELECT nickname, card, card_ms, avatar_hash, avatar_from FROM profiles
             WHERE address = ?1",
        )?
        .query_row([address], |row| {
            let card: Option<String> = row.get(1)?;
            let from: Option<String> = row.get(4)?;
            Ok(Profile {
                nickname: row.get::<_, Option<String>>(0)?.unwrap_or_default(),
                card: card.and_then(|card| serde_json::from_str(&card).ok()),
                card_ms: row.get(2)?,
                avatar: row.get(3)?,
                avatar_from: from.map(|from| match from.as_str() {
                    "pep" => AvatarFrom::Pep,
                    _ => AvatarFrom::Card,
                }),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What a person wants to be called (XEP-0172); whether that is new.
pub(crate) fn set_nickname(
    tx: &Transaction<'_>,
    address: &str,
    nickname: &str,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "INSERT INTO profiles (address, nickname) VALUES (?1, ?2)
         ON CONFLICT (address) DO UPDATE SET nickname = excluded.nickname
         WHERE nickname IS NOT excluded.nickname",
        [address, nickname],
    )?;
    tx.execute(
        "UPDATE contacts SET name = coalesce(nullif(?2, ''), ?3)
         WHERE address = ?1 AND roster_name = ''",
        [address, nickname, local_part(address)],
    )?;
    Ok(changed > 0)
}

/// Keeps a card.
pub(crate) fn set_card(
    tx: &Transaction<'_>,
    address: &str,
    card: &CardView,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let card = serde_json::to_string(card).unwrap_or_default();
    tx.execute(
        "INSERT INTO profiles (address, card, card_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (address) DO UPDATE SET card = excluded.card, card_ms = excluded.card_ms",
        params![address, card, now_ms],
    )?;
    Ok(())
}

/// Which picture a person has now (empty: none); whether that is new.
pub(crate) fn set_avatar(
    tx: &Transaction<'_>,
    address: &str,
    hash: &str,
    from: AvatarFrom,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "INSERT INTO profiles (address, avatar_hash, avatar_from) VALUES (?1, ?2, ?3)
         ON CONFLICT (address) DO UPDATE
             SET avatar_hash = excluded.avatar_hash, avatar_from = excluded.avatar_from
             WHERE avatar_hash IS NOT excluded.avatar_hash
                   AND (excluded.avatar_from = 'pep' OR avatar_from IS NOT 'pep')",
        [address, hash, from.as_str()],
    )?;
    Ok(changed > 0)
}

/// A picture by its hash.
pub(crate) fn avatar(db: &Connection, hash: &str, now_ms: i64) -> rusqlite::Result<Option<Avatar>> {
    db.prepare_cached("SELECT media_type, data, used_ms FROM avatars WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(Avatar {
                media_type: row.get(0)?,
                data: row.get(1)?,
                stale: row.get::<_, i64>(2)? < now_ms - USED_STEP_MS,
            })
        })
        .optional()
}

/// A picture was used.
pub(crate) fn used(tx: &Transaction<'_>, hash: &str, now_ms: i64) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE avatars SET used_ms = ?2 WHERE hash = ?1",
        params![hash, now_ms],
    )?;
    Ok(())
}

/// Keeps a picture; those used least make room.
pub(crate) fn keep_avatar(
    tx: &Transaction<'_>,
    hash: &str,
    media_type: &str,
    data: &[u8],
    now_ms: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO avatars (hash, media_type, data, used_ms) VALUES (?1, ?2, ?3, ?4)",
        params![hash, media_type, data, now_ms],
    )?;
    tx.execute(
        "DELETE FROM avatars WHERE hash IN (SELECT hash FROM (
             SELECT hash, sum(length(data)) OVER (ORDER BY used_ms DESC, hash) AS bytes FROM avatars)
         WHERE bytes > ?1)",
        [AVATAR_BYTES],
    )?;
    Ok(())
}
