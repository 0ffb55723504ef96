//! What the cases see of one cloud, held against what AWS documents and the differences that are known.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::differences::{self, Difference};
use crate::world::{Cloud, World};

/// A part of the contract.
pub(crate) struct Case {
    /// Its name, by which differences refer to it.
    pub(crate) name: &'static str,
    /// The clouds that have what it is about.
    pub(crate) on: &'static [Cloud],
    /// Calls, and says what it sees.
    pub(crate) run: fn(&World, &mut Sheet),
}

/// What was seen of one cloud.
pub(crate) struct Sheet {
    cloud: Cloud,
    case: &'static str,
    checked: usize,
    /// What was not as AWS documents it, by case and check.
    different: BTreeMap<(&'static str, &'static str), Seen>,
}

/// What was seen, and what AWS documents.
struct Seen {
    here: String,
    aws: String,
}

impl Sheet {
    /// Runs every case that is for this cloud.
    pub(crate) fn of(world: &World, cases: &[&[Case]]) -> Self {
        let mut sheet = Self { cloud: world.cloud(), case: "", checked: 0, different: BTreeMap::new() };
        for case in cases.iter().copied().flatten().filter(|case| case.on.contains(&world.cloud())) {
            sheet.case = case.name;
            (case.run)(world, &mut sheet);
        }
        sheet
    }

    /// Notes what a cloud does beside what AWS documents; the cases go on either way.
    pub(crate) fn check(&mut self, what: &'static str, here: impl Display, aws: impl Display) {
        self.checked += 1;
        let (here, aws) = (here.to_string(), aws.to_string());
        if here != aws {
            let before = self.different.insert((self.case, what), Seen { here, aws });
            assert!(before.is_none(), "{}: two checks are called {what:?}", self.case);
        }
    }

    /// Fails unless exactly the listed differences were seen.
    #[track_caller]
    pub(crate) fn settle(mut self) {
        assert!(self.checked > 0, "nothing was checked on {:?}", self.cloud);
        let mut wrong = Vec::new();
        for (Difference { case, check, aws, reference, .. }, instead) in differences::of(self.cloud) {
            let listed = format!("{case}: {check}\n  listed: {instead:?}, because {aws} ({reference})");
            match self.different.remove(&(*case, *check)) {
                None => wrong.push(format!("listed, and gone: {listed}")),
                Some(seen) if seen.here == instead => {}
                Some(seen) => wrong.push(format!("listed as another: {listed}\n    here: {:?}", seen.here)),
            }
        }
        for ((case, check), seen) in self.different {
            wrong.push(format!("not listed: {case}: {check}\n    here: {:?}\n     AWS: {:?}", seen.here, seen.aws));
        }
        let (cloud, checked, count) = (self.cloud, self.checked, wrong.len());
        assert!(wrong.is_empty(), "{cloud:?}: {count} of {checked} checks are amiss\n{}", wrong.join("\n"));
    }
}
