//! The `tapmap` program: everything it does is in the library.

fn main() {
    tapmap::cli::run();
}
