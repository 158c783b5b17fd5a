//! From a plan that fails to a short one that fails in the same way.

use super::Plan;
use crate::flavour::Flavour;

/// Plans that are tried.
const TRIES: usize = 400;

impl Plan {
    /// The shortest plan that is found for which `fails` is still true.
    #[must_use]
    pub fn shorten(&self, mut fails: impl FnMut(&Self) -> bool) -> Self {
        let mut plan = self.clone();
        let mut tries = TRIES;
        let mut attempt = |plan: &mut Self, candidate: Self| {
            if tries == 0 || candidate == *plan {
                return false;
            }
            tries -= 1;
            let still = fails(&candidate);
            if still {
                *plan = candidate;
            }
            still
        };
        // Steps: big runs first, then single ones, until none can go.
        let mut size = plan.steps.len().div_ceil(2).max(1);
        loop {
            let mut changed = false;
            let mut start = 0;
            while start < plan.steps.len() {
                let mut candidate = plan.clone();
                let end = (start + size).min(candidate.steps.len());
                // Who comes later comes no earlier.
                let gone: u64 = candidate
                    .steps
                    .drain(start..end)
                    .map(|step| step.after_ms)
                    .sum();
                if let Some(next) = candidate.steps.get_mut(start) {
                    next.after_ms += gone;
                }
                if attempt(&mut plan, candidate) {
                    changed = true;
                } else {
                    start += size;
                }
            }
            if size == 1 && !changed {
                break;
            }
            size = (size / 2).max(1);
        }
        for place in 0..plan.steps.len() {
            let mut candidate = plan.clone();
            let step = candidate.steps.get_mut(place);
            let simpler = step.and_then(|step| Some((step.action.simpler()?, step)));
            if let Some((simpler, step)) = simpler {
                step.action = simpler;
                attempt(&mut plan, candidate);
            }
        }
        for room in plan.rooms.clone() {
            let mut candidate = plan.clone();
            candidate.rooms.retain(|other| *other != room);
            let is_used = candidate.steps.iter().any(|step| {
                step.action
                    .other()
                    .and_then(|other| other.strip_prefix('#'))
                    == Some(&room.name)
            });
            if !is_used && attempt(&mut plan, candidate) {
                continue;
            }
            for member in &room.members {
                let mut candidate = plan.clone();
                for room in &mut candidate.rooms {
                    room.members.retain(|other| other != member);
                }
                attempt(&mut plan, candidate);
            }
        }
        for device in plan.devices.clone() {
            let mut candidate = plan.clone();
            candidate.devices.retain(|other| *other != device);
            let is_used = candidate
                .steps
                .iter()
                .any(|step| step.action.device() == Some(device.as_str()));
            if !is_used {
                attempt(&mut plan, candidate);
            }
        }
        let candidate = Self {
            flavour: Flavour::default(),
            ..plan.clone()
        };
        if !attempt(&mut plan, candidate) {
            let usual = Flavour::default();
            let simpler: [fn(&mut Flavour, Flavour); 9] = [
                |flavour, usual| flavour.acknowledging = usual.acknowledging,
                |flavour, usual| flavour.resume_ms = usual.resume_ms,
                |flavour, usual| flavour.page = usual.page,
                |flavour, usual| flavour.offline = usual.offline,
                |flavour, usual| flavour.commit_ms = usual.commit_ms,
                |flavour, usual| flavour.to_all = usual.to_all,
                |flavour, usual| flavour.tombstones = usual.tombstones,
                |flavour, usual| flavour.anonymous = usual.anonymous,
                |flavour, usual| flavour.occupant_ids = usual.occupant_ids,
            ];
            for simplify in simpler {
                let mut candidate = plan.clone();
                simplify(&mut candidate.flavour, usual);
                attempt(&mut plan, candidate);
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let plan = Plan::of_seed(11);
        let cuts = |plan: &Plan| plan.to_string().matches(" send ").count() >= 2;
        assert!(cuts(&plan) && plan.steps.len() > 4);
        let short = plan.shorten(cuts);
        assert_eq!(short.steps.len(), 2, "{short}");
        assert_eq!(short.flavour, Flavour::default());
    }
}
