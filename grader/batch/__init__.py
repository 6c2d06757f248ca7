"""A whole class: many submissions, one gradebook, a page for each student and one for the instructor."""
