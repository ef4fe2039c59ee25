//! Every integration test of the server, in one binary: a file a topic.

mod generated;
