//! [`List`]: a list that others look through while it changes.

use std::sync::Arc;

use smallvec::SmallVec;

/// Elements of a chunk: as many are copied when one of them changes while somebody looks through it.
const CHUNK: usize = 64;

/// Most rooms are small: two elements need no allocation of their own.
type Chunk<T> = SmallVec<[T; 2]>;

/// Elements in chunks. A clone shares them, and keeps them as they are: who changes the list meanwhile copies the chunks
/// that change, and nobody waits for anybody.
#[derive(Debug, Clone)]
pub(super) struct List<T> {
    first: Arc<Chunk<T>>,
    /// Those behind it, of which none is empty and all but the last are full.
    rest: Option<Arc<Vec<Arc<Chunk<T>>>>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { first: Arc::default(), rest: None }
    }
}

impl<T> List<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let rest = self.rest.iter().flat_map(|rest| rest.iter());
        self.first.iter().chain(rest.flat_map(|chunk| chunk.iter()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        let rest = self.rest.as_ref().and_then(|rest| Some((rest.len(), rest.last()?.len())));
        rest.map_or(self.first.len(), |(chunks, last)| chunks * CHUNK + last)
    }
}

impl<T: Clone> List<T> {
    /// Adds an element behind the others, and returns its position.
    pub(super) fn push(&mut self, element: T) -> u32 {
        let position = self.len();
        if position < CHUNK {
            Arc::make_mut(&mut self.first).push(element);
        } else {
            let rest = Arc::make_mut(self.rest.get_or_insert_default());
            match rest.last_mut().filter(|last| last.len() < CHUNK) {
                Some(last) => Arc::make_mut(last).push(element),
                None => rest.push(Arc::new(SmallVec::from_iter([element]))),
            }
        }
        u32::try_from(position).expect("there are fewer than 2^32 connections")
    }

    /// Takes out the element at a position, and puts the last one there. Returns that, if it is another.
    pub(super) fn swap_remove(&mut self, position: u32) -> Option<&T> {
        let position = position as usize;
        let last = self.pop()?;
        if position == self.len() {
            return None;
        }
        let element = &mut self.chunk(position / CHUNK)?[position % CHUNK];
        *element = last;
        Some(element)
    }

    fn pop(&mut self) -> Option<T> {
        let Some(rest) = &mut self.rest else { return Arc::make_mut(&mut self.first).pop() };
        let rest = Arc::make_mut(rest);
        let last = Arc::make_mut(rest.last_mut()?);
        let element = last.pop();
        if last.is_empty() {
            rest.pop();
        }
        if rest.is_empty() {
            self.rest = None;
        }
        element
    }

    fn chunk(&mut self, number: usize) -> Option<&mut Chunk<T>> {
        match number.checked_sub(1) {
            None => Some(Arc::make_mut(&mut self.first)),
            Some(number) => Some(Arc::make_mut(Arc::make_mut(self.rest.as_mut()?).get_mut(number)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(list: &List<usize>) -> Vec<usize> {
        list.iter().copied().collect()
    }

    #[test]
    fn it_is_as_a_vector_however_many_chunks_there_are() {
        for count in [0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 1] {
            let (mut list, mut model) = (List::default(), Vec::new());
            for element in 0..count {
                assert_eq!(list.push(element) as usize, element);
                model.push(element);
            }
            let mut position = 0;
            while !model.is_empty() {
                assert_eq!((elements(&list), list.len()), (model.clone(), model.len()));
                position = (position * 31 + 17) % model.len();
                model.swap_remove(position);
                let moved = list.swap_remove(u32::try_from(position).unwrap()).copied();
                assert_eq!(moved, model.get(position).copied());
            }
            assert!(list.is_empty() && list.rest.is_none());
        }
    }

    #[test]
    fn a_clone_stays_as_it_was_and_costs_the_other_no_more_than_the_chunks_that_change() {
        let mut list = List::default();
        for element in 0..10 * CHUNK {
            list.push(element);
        }
        let before = list.clone();
        list.push(1_000);
        list.swap_remove(5);
        assert_eq!(elements(&before), (0..10 * CHUNK).collect::<Vec<_>>());
        let chunks = |list: &List<usize>| list.rest.as_ref().map_or(Vec::new(), |rest| rest.to_vec());
        let shared =
            chunks(&before).iter().zip(&chunks(&list)).filter(|(one, two)| Arc::ptr_eq(one, two)).count();
        assert_eq!(shared, 9, "nothing in the middle was touched");
    }
}
