"""Wrong versions that students really write, each with a name and a paragraph that teaches.

When saved test cases are built, every version answers them; a student's answers are matched against these, so
that a report can say which mistake it is. A text says what was done, why it is wrong and where to read on. It
does not say how to do it: nothing here may hold a line of the solution.
"""

import wrong_deep
import wrong_gains
import wrong_initializers
import wrong_pretraining

MISTAKES = [
    *wrong_initializers.MISTAKES,
    *wrong_gains.MISTAKES,
    *wrong_deep.MISTAKES,
    *wrong_pretraining.MISTAKES,
]
