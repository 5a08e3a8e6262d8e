//! Events of other nodes.

use bytes::Bytes;

use super::emission::Emission;
use super::{Hub, Target};
use crate::codec::Form;
use crate::engine::outbox::How;

impl Hub {
    /// Delivers an event of another node to everybody here who is addressed. A function of its own: a second caller of
    /// [`Self::deliver`] would change what the compiler makes of the first.
    #[inline(never)]
    pub(crate) fn deliver_arrived(
        &self,
        target: &Target<'_>,
        run: Bytes,
        offset: Option<u64>,
        compress: bool,
        how: How,
    ) {
        let emission = match (offset, &self.numbers) {
            (Some(offset), Some(numbers)) => {
                Emission::new(numbers.memory.count(run), Form::Recoverable(Some(offset)))
            }
            _ => Emission::new(run, Form::Plain(None)),
        };
        // A caller that receives for all clients does not give way to one.
        let _ = self.deliver_to_each(target, &emission.compress(compress), how, |_| true);
    }
}
