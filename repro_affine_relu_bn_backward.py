"""A case on which affine_relu_bn_backward is wrong. Run it, or step through it in a debugger."""

import sys

import numpy as np

sys.path.insert(0, '/tmp/h/stud/wrong')

from blocks import affine_relu_bn_forward  # noqa: E402
from blocks import affine_relu_bn_backward  # noqa: E402

x = np.array([[1.0]])
w = np.array([[1.0]])
b = np.array([1.0])
gamma = np.array([1.0])
beta = np.array([1.0])
bn_param = {'mode': 'train'}
dout = np.array([[-0.42]])
out, cache = affine_relu_bn_forward(x, w, b, gamma, beta, bn_param)
dx, dw, db, dgamma, dbeta = affine_relu_bn_backward(dout, cache)

print('dx', dx, 'expected', np.array([[0.0]]))
print('dw', dw, 'expected', np.array([[0.0]]))
print('db', db, 'expected', np.array([0.0]))
print('dgamma', dgamma, 'expected', np.array([0.0]))
print('dbeta', dbeta, 'expected', np.array([-0.42]))
