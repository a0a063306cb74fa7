//! The rules as a whole: which transitions are legal, what facts fold to, what positions prove, and the words for it all.

mod facts;
mod fold;
mod fold_laws;
mod milestones;
mod positions;
mod transitions;
mod words;
