//! Adoption: an operator gives what migrations change their marks, or takes them away (O1).
//!
//! A daemon never does this. Looking comes first, and each write carries the mark that was seen,
//! so that of two who adopt at once one is refused.

use cloud::{Marks, Result, Thing};
use model::ownership::Owner;
use model::spec::Name;

use crate::Managed;

/// One thing of a migration and the mark it carries.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The thing.
    pub thing: Thing,
    /// Whose it is to be.
    pub owner: Owner,
    /// Its mark as it was read.
    pub mark: Result<Option<String>>,
}

/// How a thing stands to the migration that changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It carries the migration's mark.
    Own,
    /// It carries none.
    Free,
    /// It carries somebody else's.
    Others,
    /// Its mark could not be read.
    Unread,
}

impl Claim {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.mark {
            Ok(Some(mark)) if *mark == self.owner.to_string() => Standing::Own,
            Ok(Some(_)) => Standing::Others,
            Ok(None) => Standing::Free,
            Err(_) => Standing::Unread,
        }
    }

    /// Gives the thing its migration's mark.
    ///
    /// # Errors
    /// `Conflict` when its mark has changed since it was read; transport kinds.
    pub async fn adopt(&self, marks: &dyn Marks) -> Result<()> {
        let seen = self.mark.as_ref().map_err(Clone::clone)?.as_deref();
        marks.set_mark(&self.thing, seen, Some(&self.owner.to_string())).await
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// As [`Claim::adopt`].
    pub async fn give_back(&self, marks: &dyn Marks) -> Result<()> {
        let seen = self.mark.as_ref().map_err(Clone::clone)?.as_deref();
        marks.set_mark(&self.thing, seen, None).await
    }
}

/// Everything that the migrations change with its marks, in their order.
pub async fn look(
    marks: &dyn Marks,
    installation: &Name,
    migrations: &[&Managed],
) -> Vec<Vec<Claim>> {
    let things: Vec<Vec<Thing>> = migrations.iter().map(|it| it.things()).collect();
    let mut answers = marks.marks(&things.concat()).await.into_iter();
    migrations
        .iter()
        .zip(things)
        .map(|(migration, things)| {
            let owner = migration.owner(installation);
            let claim = |(thing, mark)| Claim { thing, owner: owner.clone(), mark };
            things.into_iter().zip(answers.by_ref()).map(claim).collect()
        })
        .collect()
}
