//! Questions as programs and people put them: one file each, checked, answered, told.
//!
//! The command line and the API put the same question; both come here with words and leave with an
//! answer, so that neither can say something that the other does not.
