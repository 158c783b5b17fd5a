//! What whoever runs a server has set for an account, each with where it is from.

use super::Engine;
use crate::api::{
    ApiError, ManagedSetting, ManagedSource, ManagedValue, ManagedView, PreviewLimit, ValueOrigin,
};
use crate::config::Retention;
use crate::profile::SavedAccount;

impl Engine {
    pub(super) fn managed(&self, id: &str) -> Result<ManagedView, ApiError> {
        Ok(view(self.saved(id)?, self.inner.config.retention))
    }
}

/// `here` is what this program keeps to by itself.
fn view(saved: SavedAccount, here: Retention) -> ManagedView {
    let given = match &saved.source {
        ManagedSource::Navigation { .. } => ValueOrigin::Navigation,
        ManagedSource::Invite { .. } => ValueOrigin::Invite,
        ManagedSource::Typed | ManagedSource::Unknown => ValueOrigin::User,
    };
    let or_default = |is_given: bool| match is_given {
        true => given,
        false => ValueOrigin::Default,
    };
    let (target, trust, updates) = (&saved.target, &saved.target.trust, &saved.updates);
    let keys: Vec<String> = trust.spki_sha256.iter().map(ToString::to_string).collect();
    let authorities = u32::try_from(trust.authorities.len()).unwrap_or(u32::MAX);
    let keys_origin = match saved.key_by_user {
        true => ValueOrigin::User,
        false => or_default(!keys.is_empty()),
    };
    // What is typed says nothing of authorities.
    let says_trust = given != ValueOrigin::User;
    let kept = here.and(saved.retention);
    let endpoints: Vec<String> = target.endpoints.iter().map(ToString::to_string).collect();
    let values = [
        (
            or_default(target.name.is_some()),
            ManagedSetting::ServerName(target.name.clone()),
        ),
        (given, ManagedSetting::Domain(target.domain.clone())),
        (
            or_default(!endpoints.is_empty()),
            ManagedSetting::Endpoints(endpoints),
        ),
        (keys_origin, ManagedSetting::Keys(keys)),
        (
            or_default(authorities > 0),
            ManagedSetting::Authorities(authorities),
        ),
        (
            or_default(says_trust),
            ManagedSetting::SystemAuthorities(trust.system_roots),
        ),
        (
            limit(given, saved.retention.days, kept.days),
            ManagedSetting::CacheDays(kept.days),
        ),
        (
            limit(given, saved.retention.bytes, kept.bytes),
            ManagedSetting::CacheBytes(kept.bytes),
        ),
        (
            or_default(saved.preview != PreviewLimit::Anything),
            ManagedSetting::Preview(saved.preview),
        ),
        (
            or_default(updates.off),
            ManagedSetting::UpdatesOff(updates.off),
        ),
        (
            or_default(updates.url.is_some()),
            ManagedSetting::UpdateAddress(updates.url.clone()),
        ),
        (
            or_default(updates.channel.is_some()),
            ManagedSetting::UpdateChannel(updates.channel.clone()),
        ),
        (
            or_default(updates.up_to.is_some()),
            ManagedSetting::UpdateUpTo(updates.up_to.clone()),
        ),
    ];
    ManagedView {
        source: saved.source,
        values: values
            .into_iter()
            .map(|(origin, setting)| ManagedValue { setting, origin })
            .collect(),
    }
}

/// Of two limits the smaller one holds, and it is whose it is.
fn limit<T: PartialEq>(given: ValueOrigin, theirs: Option<T>, holds: Option<T>) -> ValueOrigin {
    if theirs.is_some() && theirs == holds {
        given
    } else {
        ValueOrigin::Default
    }
}

#[cfg(test)]
mod tests {
    use navigation::{ServerTarget, SpkiPin, UpdatePolicy};

    use super::*;
    use crate::profile::SecretsPlace;

    fn account(source: ManagedSource) -> SavedAccount {
        SavedAccount {
            id: "a".into(),
            username: "rosa".into(),
            display_name: "Rosa".into(),
            target: ServerTarget::for_server("example.com", None),
            secrets: SecretsPlace::Keyring,
            resource: "r".into(),
            retention: Retention::default(),
            preview: PreviewLimit::Anything,
            updates: UpdatePolicy::default(),
            source,
            key_by_user: false,
        }
    }

    fn origins(saved: SavedAccount, here: Retention) -> Vec<(ManagedSetting, ValueOrigin)> {
        let values = view(saved, here).values.into_iter();
        values.map(|value| (value.setting, value.origin)).collect()
    }

    #[test]
    fn u117_what_was_typed_is_the_users_and_the_rest_is_nobodys() {
        let all = origins(account(ManagedSource::Typed), Retention::default());
        assert_eq!(all.len(), 13);
        for (setting, origin) in all {
            let expected = match setting {
                ManagedSetting::Domain(_) => ValueOrigin::User,
                _ => ValueOrigin::Default,
            };
            assert_eq!(origin, expected, "{setting:?}");
        }
    }

    #[test]
    fn u117_what_the_navigation_sets_says_so_and_a_key_of_the_users_too() {
        let mut saved = account(ManagedSource::Navigation {
            url: None,
            issuer_fingerprint: "ABCD".into(),
            serial: 3,
            issued_at_ms: 0,
            valid_until_ms: None,
        });
        saved.target.name = Some("Valley".into());
        saved.target.trust.spki_sha256 = vec![SpkiPin::from_der_spki(b"key")];
        saved.retention.days = Some(30);
        saved.retention.bytes = Some(9_000_000);
        saved.preview = PreviewLimit::Name;
        saved.updates.up_to = Some("1.2.0".into());
        let here = Retention {
            days: None,
            bytes: Some(5_000_000),
        };
        let all = origins(saved.clone(), here);
        let of = |wanted: &ManagedSetting| {
            let found = all.iter().find(|(setting, _)| setting == wanted);
            found.map(|(_, origin)| *origin)
        };
        let theirs = Some(ValueOrigin::Navigation);
        assert_eq!(
            of(&ManagedSetting::ServerName(Some("Valley".into()))),
            theirs
        );
        assert_eq!(of(&ManagedSetting::CacheDays(Some(30))), theirs);
        assert_eq!(of(&ManagedSetting::Preview(PreviewLimit::Name)), theirs);
        assert_eq!(
            of(&ManagedSetting::UpdateUpTo(Some("1.2.0".into()))),
            theirs
        );
        // The smaller one holds, and nobody there has set it.
        let bytes = ManagedSetting::CacheBytes(Some(5_000_000));
        assert_eq!(of(&bytes), Some(ValueOrigin::Default));
        saved.key_by_user = true;
        let keys = origins(saved, here).into_iter();
        let mut keys = keys.filter(|(setting, _)| matches!(setting, ManagedSetting::Keys(_)));
        assert_eq!(
            keys.next().map(|(_, origin)| origin),
            Some(ValueOrigin::User)
        );
    }
}
