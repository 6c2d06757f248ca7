"""Wrong versions that students really write, each with a name and a paragraph that teaches.

See `solutions/hw3/mistakes.py` on what they are for. A wrong backward gets the cache of the reference's forward;
a wrong forward returns a cache that the reference's backward can use.
"""

import wrong_blocks
import wrong_dropout
import wrong_inference
import wrong_norms
import wrong_whitening

MISTAKES = [
    *wrong_norms.MISTAKES,
    *wrong_inference.MISTAKES,
    *wrong_blocks.MISTAKES,
    *wrong_dropout.MISTAKES,
    *wrong_whitening.MISTAKES,
]
