//! The map over HTTP: resources, questions, events; who may do what.
