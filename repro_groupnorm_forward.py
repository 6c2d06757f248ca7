"""A case on which groupnorm_forward is wrong. Run it, or step through it in a debugger."""

import sys

import numpy as np

sys.path.insert(0, '/tmp/h/stud/wrong')

from norms import groupnorm_forward  # noqa: E402

x = np.array([[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]])
gamma = np.array([1.0, 1.0, 1.0, 1.0])
beta = np.array([1.0, 1.0, 1.0, 1.0])
groups = 2
gn_param = {}
out, cache = groupnorm_forward(x, gamma, beta, groups, gn_param)

print('out', out, 'expected', np.array([[[[1.9999400019999312e-05]], [[1.99998000059998]], [[1.9999400019999312e-05]], [[1.99998000059998]]]]))
