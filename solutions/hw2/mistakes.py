"""Wrong versions that students really write, each with a name and a paragraph that teaches.

When saved test cases are built, every version answers them; a student's answers are matched against these, so
that a report can say which mistake it is. A text says what was done, why it is wrong and where to read on. It
does not say how to do it: nothing here may hold a line of the solution.

A wrong backward gets the cache of the reference's forward; a wrong forward returns a cache that the
reference's backwards can use. Much is written with helpers that compute the right thing, so that what is
wrong stands alone.
"""

import wrong_activations
import wrong_impediments
import wrong_losses

MISTAKES = [*wrong_activations.MISTAKES, *wrong_losses.MISTAKES, *wrong_impediments.MISTAKES]
