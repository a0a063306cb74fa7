//! Numbers, carriers and documents against messages of our own and of the corpus, whole and broken.

mod broken;
mod carriers;
mod corpus;
mod corpus_answers;
mod corpus_numbers;
mod corpus_samples;
mod documents;
mod facts;
mod numbers;
