//! Numbers, carriers and documents against messages of our own and of the corpus, whole and broken.

mod corpus;
mod corpus_numbers;
mod documents;
mod numbers;
