"""Wrong functions lose what they should, right ones in any style lose nothing: through the command line."""

from __future__ import annotations

import pytest
from submissions import SOLUTIONS, functions_of, replace_function, write_submission

# --- the helper of these tests -----------------------------------------------------------------------------


def test_only_the_named_function_is_replaced():
    source = "import math\n\n\ndef f(x):\n    return x\n\n\ndef g(x):\n    return 2 * x\n"
    replaced = replace_function(source, "f", "def f(x):\n    return 0\n")
    assert replaced == "import math\n\n\ndef f(x):\n    return 0\n\n\ndef g(x):\n    return 2 * x\n"
    assert functions_of(replace_function(source, "f", "")) == {"g"}


# --- one wrong function -------------------------------------------------------------------------------------

# Each with the problems that lose points: its own, and where it depends on nothing that pays for it, no other.
ALONE = {
    "leaky_relu_backward": """
        def leaky_relu_backward(dout, cache):
            x, negative_slope = cache
            return np.where(x > 0, dout, 0.01 * dout)
        """,
    "squared_loss": """
        def squared_loss(h, z):
            return np.mean((h - z) ** 2), 2 * (h - z) / h.size
        """,
    "xavier_uniform": """
        def xavier_uniform(fan_in, fan_out, rng):
            bound = np.sqrt(3 / (fan_in + fan_out))
            return rng.uniform(-bound, bound, size=(fan_in, fan_out))
        """,
    "batchnorm_backward_steps": """
        def batchnorm_backward_steps(dout, cache):
            a, b, gamma = cache
            dxhat = dout * gamma
            da = dxhat * b
            db = (dxhat * a).sum(axis=0)
            dc = -db * b**2
            de = dc * b
            return {"dxhat": dxhat, "da": da, "db": db, "dc": dc, "de": de, "dvar": de, "dmu": -da.sum(axis=0)}
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            a, b, gamma = cache
            dxhat = dout * gamma
            return b * (dxhat - dxhat.mean(axis=0)), (dout * a * b).sum(axis=0), dout.sum(axis=0)
        """,
}


@pytest.mark.parametrize("name", ALONE)
def test_one_wrong_function_loses_points_in_that_function_only(name, grade, tmp_path):
    outcome = grade(write_submission(tmp_path / "work", {name: ALONE[name]}))
    assert outcome.status == 1
    assert outcome.incomplete == {name}
    assert outcome.report["score"] < 100


def test_several_wrong_functions_lose_what_each_loses_alone(grade, tmp_path):
    """Independent mistakes add up exactly."""
    together = grade(write_submission(tmp_path / "all", ALONE))
    assert together.incomplete == set(ALONE)
    one = grade(write_submission(tmp_path / "one", {"squared_loss": ALONE["squared_loss"]}))
    assert together.problems["squared_loss"]["checks"] == one.problems["squared_loss"]["checks"]


# --- nothing for nothing ------------------------------------------------------------------------------------

ZEROS = {
    "affine_backward": """
        def affine_backward(dout, cache):
            return tuple(np.zeros_like(value) for value in cache)
        """,
    "relu_backward": """
        def relu_backward(dout, cache):
            return np.zeros_like(dout)
        """,
    "tanh_backward": """
        def tanh_backward(dout, cache):
            return np.zeros_like(dout)
        """,
    "softmax_loss": """
        def softmax_loss(x, y):
            return 0.0, np.zeros_like(x)
        """,
    "affine_relu_backward": """
        def affine_relu_backward(dout, cache):
            return tuple(np.zeros_like(value) for value in cache[0])
        """,
    "he_uniform": """
        def he_uniform(fan_in, fan_out, rng, negative_slope=0.0):
            return np.zeros((fan_in, fan_out))
        """,
    "batchnorm_backward_steps": """
        def batchnorm_backward_steps(dout, cache):
            a, b, gamma = cache
            names = ("dxhat", "da", "db", "dc", "de", "dvar", "dmu")
            return {name: np.zeros_like(a if name in ("dxhat", "da") else b) for name in names}
        """,
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            a, b, gamma = cache
            return np.zeros_like(a), np.zeros_like(b), np.zeros_like(b)
        """,
}
ZERO_INITIALISERS = {
    "xavier_normal": """
        def xavier_normal(fan_in, fan_out, rng):
            return np.zeros((fan_in, fan_out))
        """,
    "he_normal": """
        def he_normal(fan_in, fan_out, rng, negative_slope=0.0):
            return np.zeros((fan_in, fan_out))
        """,
}


def test_zeros_earn_nothing(grade, tmp_path):
    """Zero gradients are their own derivative's scale away from right, however well they mind their manners."""
    outcome = grade(write_submission(tmp_path / "work", {**ZEROS, **ZERO_INITIALISERS}))
    wrong = {*ZEROS, *ZERO_INITIALISERS, "init_network"}
    assert {name: outcome.score(name) for name in wrong} == dict.fromkeys(wrong, 0.0)
    assert outcome.incomplete == wrong


IDENTITIES = {
    "relu_forward": "def relu_forward(x):\n    return x, x\n",
    "relu_backward": "def relu_backward(dout, cache):\n    return dout\n",
    "tanh_forward": "def tanh_forward(x):\n    return x, x\n",
    "tanh_backward": "def tanh_backward(dout, cache):\n    return dout\n",
    "batchnorm_forward": """
        def batchnorm_forward(x, gamma, beta, bn_param):
            return x, (x, gamma)
        """,
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            x, gamma = cache
            return dout, np.zeros_like(gamma), np.zeros_like(gamma)
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            x, gamma = cache
            return dout, np.zeros_like(gamma), np.zeros_like(gamma)
        """,
}


def test_identities_earn_nothing_forward_or_backward(grade, tmp_path):
    """A wrong forward with a consistent backward passes a gradient check; here it earns 0 for both."""
    outcome = grade(write_submission(tmp_path / "work", IDENTITIES))
    asked = [name for name in IDENTITIES if name in outcome.problems]
    assert {name: outcome.score(name) for name in asked} == dict.fromkeys(asked, 0.0)
    for name in ("relu_backward", "tanh_backward", "batchnorm_backward", "batchnorm_backward_alt"):
        assert outcome.status_of(name) == "blocked"


# --- one bug costs once ------------------------------------------------------------------------------------


def test_what_calls_a_wrong_function_has_paid_there(grade, tmp_path):
    """A wrong affine_backward costs affine_relu_backward nothing, a wrong he_normal init_network nothing."""
    wrong = {
        "affine_backward": """
            def affine_backward(dout, cache):
                x, w, b = cache
                rows = x.reshape(len(x), -1)
                return (dout @ w.T).reshape(x.shape), rows.T @ dout / len(x), dout.sum(axis=0)
            """,
        "he_normal": """
            def he_normal(fan_in, fan_out, rng, negative_slope=0.0):
                return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)
            """,
    }
    outcome = grade(write_submission(tmp_path / "work", wrong))
    assert outcome.incomplete == {"affine_backward", "he_normal"}
    assert "follows your own affine and relu" in outcome.problems["affine_relu_backward"]["message"]
    assert "follows your own initialisers" in outcome.problems["init_network"]["message"]
    assert outcome.lost("affine_backward") > {"dw"}
    assert outcome.lost("affine_backward").isdisjoint({"dx", "db"})


def test_a_wrong_composite_of_right_parts_pays_for_itself(grade, tmp_path):
    """Following one's own parts is no excuse when the parts are right."""
    wrong = {
        "affine_relu_backward": """
            def affine_relu_backward(dout, cache):
                affine_cache, relu_cache = cache
                return affine_backward(dout, affine_cache)
            """,
        "init_network": """
            def init_network(layer_sizes, activation, rng):
                pairs = zip(layer_sizes[:-1], layer_sizes[1:])
                return [he_normal(fan_in, fan_out, rng) for fan_in, fan_out in pairs]
            """,
    }
    outcome = grade(write_submission(tmp_path / "work", wrong))
    assert outcome.incomplete == set(wrong)


WITHOUT_BETA = """
    def batchnorm_forward(x, gamma, beta, bn_param):
        eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
        running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
        running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
        if bn_param["mode"] == "test":
            return gamma * (x - running_mean) / np.sqrt(running_var + eps), None
        mu, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
        a, b = x - mu, 1 / np.sqrt(var + eps)
        return gamma * a * b, (a, b, gamma)
    """


@pytest.fixture(scope="module")
def without_beta(grade, tmp_path_factory):
    """Return the outcome of a forward that forgets beta, in front of backwards that are right but for dbeta = 0."""
    backwards = {
        "batchnorm_backward": """
            def batchnorm_backward(dout, cache):
                a, b, gamma = cache
                steps = batchnorm_backward_steps(dout, cache)
                dx = steps["da"] + (2 * a * steps["dvar"] + steps["dmu"]) / len(a)
                return dx, (dout * a * b).sum(axis=0), np.zeros(len(gamma))
            """,
    }
    functions = {"batchnorm_forward": WITHOUT_BETA, **backwards}
    return grade(write_submission(tmp_path_factory.mktemp("work"), functions))


def test_a_forward_without_beta_pays_for_its_outputs_only(without_beta):
    """The running statistics are right."""
    assert {"train", "test"} <= without_beta.lost("batchnorm_forward")
    assert "running" not in without_beta.lost("batchnorm_forward")


@pytest.mark.skipif(not (SOLUTIONS / "mistakes.py").is_file(), reason="needs the known mistakes of hw3")
def test_a_backward_that_follows_a_forward_without_beta_is_whole(without_beta):
    """It is the derivative of what was written, and so is the one of the formula: one bug costs once."""
    for name in ("batchnorm_backward", "batchnorm_backward_alt"):
        assert without_beta.lost(name) == set(), without_beta.messages(name)


EPS_OUTSIDE = {
    "batchnorm_forward": """
        def batchnorm_forward(x, gamma, beta, bn_param):
            eps, momentum, d = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), x.shape[1]
            mean, var = bn_param.get("running_mean", np.zeros(d)), bn_param.get("running_var", np.zeros(d))
            if bn_param["mode"] == "train":
                mu, sample = x.mean(axis=0), x.var(axis=0)
                bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu
                bn_param["running_var"] = momentum * var + (1 - momentum) * sample
            else:
                mu, sample = mean, var
            a, b = x - mu, 1 / (np.sqrt(sample) + eps)
            return gamma * a * b + beta, (a, b, gamma, np.sqrt(sample))
        """,
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            a, b, gamma, std = cache
            dxhat = dout * gamma
            da = dxhat * b
            dvar = -(dxhat * a).sum(axis=0) * b**2 / 2 / np.where(std > 0, std, np.inf)
            dx = da - da.mean(axis=0) + 2 * dvar * a / len(a)
            return dx, (dout * a * b).sum(axis=0), dout.sum(axis=0)
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            a, b, gamma, std = cache
            xhat, dxhat = a * b, dout * gamma
            dx = b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
            return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
        """,
}


def test_a_backward_is_judged_against_its_own_forward_where_that_is_near(grade, tmp_path):
    """sqrt(var) + eps: its own derivative is right, the derivative of the right formula is not."""
    outcome = grade(write_submission(tmp_path / "work", EPS_OUTSIDE))
    assert {"train", "test"} <= outcome.lost("batchnorm_forward")
    assert outcome.lost("batchnorm_backward") == set()
    assert outcome.problems["batchnorm_backward"]["message"] == "judged against your own batchnorm_forward"
    assert {"dx", "numeric"} <= outcome.lost("batchnorm_backward_alt")
    assert outcome.lost("batchnorm_backward_alt").isdisjoint({"dbeta"})


# --- small faults cost little -------------------------------------------------------------------------------

SMALL = {
    "relu_backward": """
        def relu_backward(dout, cache):
            dout[cache <= 0] = 0
            return dout
        """,
    "leaky_relu_backward": """
        def leaky_relu_backward(dout, cache):
            x, negative_slope = cache
            return np.where(x > 0, dout, negative_slope * dout)[None]
        """,
    "tanh_backward": """
        def tanh_backward(dout, cache):
            return (dout * (1 - cache**2)).astype(np.float32)
        """,
    "softmax_loss": """
        def softmax_loss(x, y):
            examples = np.arange(len(x))
            p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
            loss = -np.log(p[examples, y]).mean()
            p[examples, y] -= 1
            return loss, p / len(x)
        """,
    "batchnorm_forward": """
        def batchnorm_forward(x, gamma, beta, bn_param):
            eps, momentum, d = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), x.shape[1]
            mean, var = bn_param.get("running_mean", np.zeros(d)), bn_param.get("running_var", np.zeros(d))
            if bn_param["mode"] == "train":
                mu = x.mean(axis=0)
                sample = (x * x).mean(axis=0) - mu**2
                bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu
                bn_param["running_var"] = momentum * var + (1 - momentum) * sample
            else:
                mu, sample = mean, var
            a, b = x - mu, 1 / np.sqrt(sample + eps)
            return gamma * a * b + beta, (a, b, gamma)
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            a, b, gamma = cache
            xhat, dxhat = a * b, dout * gamma
            dx = b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
            return dx, (dout * xhat).sum(axis=0, keepdims=True), dout.sum(axis=0, keepdims=True)
        """,
}


@pytest.fixture(scope="module")
def small(grade, tmp_path_factory):
    return grade(write_submission(tmp_path_factory.mktemp("work"), SMALL))


def test_writing_into_dout_loses_manners_only(small):
    assert small.lost("relu_backward") == {"manners"}
    assert "writes into dout" in small.messages("relu_backward")


@pytest.mark.parametrize("name", ["leaky_relu_backward", "batchnorm_backward_alt"])
def test_an_axis_too_many_is_a_matter_of_form(name, small):
    """(1, D) for (D,): the values are right."""
    assert "form" in small.lost(name)
    assert small.lost(name) <= {"form", "rounding", "extremes"}
    assert "an axis of length 1 too many" in small.messages(name)


def test_single_precision_is_not_enough_and_is_named(small):
    """For float64 input the value tolerance decides; the reason is single precision, not 'a factor of 1'."""
    assert "dx" in small.lost("tanh_backward")
    assert "float32" in small.messages("tanh_backward")
    assert "1 times the expected value" not in small.messages("tanh_backward")


def test_a_wrong_answer_is_not_called_right_as_well(small):
    """The row on accuracy does not contradict the row on values."""
    assert "dx is right, but" not in small.messages("tanh_backward")


def test_an_unshifted_softmax_loses_extremes_only(small):
    assert small.lost("softmax_loss") == {"extremes"}
    assert small.score("softmax_loss") == 4.5


def test_an_unstable_variance_loses_accuracy_and_extremes_only(small):
    """E[x^2] - mean^2 is the right formula."""
    assert small.lost("batchnorm_forward") == {"rounding", "extremes"}


def test_an_unstable_variance_costs_once(small):
    """The backwards are right; what they lose in digits came with the forward's cache."""
    assert small.lost("batchnorm_backward_steps") == set()
    assert small.lost("batchnorm_backward") == set()


# --- right answers in other clothes -------------------------------------------------------------------------

CLOTHES = {
    # einsum, loops, a dictionary as cache, a list for a tuple.
    "affine_forward": """
        def affine_forward(x, w, b):
            rows = x.reshape(x.shape[0], -1)
            return np.einsum("nd,dm->nm", rows, w) + b, {"rows": rows, "w": w, "shape": x.shape, "more": "kept"}
        """,
    "affine_backward": """
        def affine_backward(dout, cache):
            dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(cache["shape"])
            dw = np.zeros(cache["w"].shape)
            for row, upstream in zip(cache["rows"], dout):
                dw += np.outer(row, upstream)
            return [dx, dw, np.einsum("nm->m", dout)]
        """,
    # A mask times dout.
    "relu_backward": """
        def relu_backward(dout, cache):
            return dout * (cache > 0).astype(np.float64)
        """,
    # A copy, changed in place.
    "leaky_relu_backward": """
        def leaky_relu_backward(dout, cache):
            x, slope = cache
            dx = dout.copy()
            dx[x <= 0] *= slope
            return dx
        """,
    # A list of one.
    "sigmoid_backward": """
        def sigmoid_backward(dout, cache):
            return [dout * (cache - cache * cache)]
        """,
    # Another formula, of another cache.
    "tanh_forward": """
        def tanh_forward(x):
            return np.tanh(x), x
        """,
    "tanh_backward": """
        def tanh_backward(dout, cache):
            with np.errstate(over="ignore"):
                return dout / np.cosh(cache) ** 2
        """,
    "squared_loss": """
        def squared_loss(h, z):
            difference = (h - z).ravel()
            return float(difference @ difference), -2.0 * (z - h)
        """,
    # One example after the other.
    "softmax_loss": """
        def softmax_loss(x, y):
            total, dx = 0.0, np.zeros_like(x)
            for i in range(len(x)):
                e = np.exp(x[i] - max(x[i]))
                total -= x[i, y[i]] - max(x[i]) - np.log(e.sum())
                dx[i] = e / e.sum()
                dx[i, y[i]] -= 1.0
            return total / len(x), dx / len(x)
        """,
    # Without the functions that it is made of.
    "affine_relu_forward": """
        def affine_relu_forward(x, w, b):
            a = x.reshape(len(x), -1) @ w + b
            return a * (a > 0), (x, w, a)
        """,
    "affine_relu_backward": """
        def affine_relu_backward(dout, cache):
            x, w, a = cache
            da = dout * (a > 0)
            rows = x.reshape(len(x), -1)
            return (da @ w.T).reshape(x.shape), rows.T @ da, da.sum(axis=0)
        """,
    # Drawn in another order: transposed, scaled afterwards, row by row, mirrored, last layer first.
    "xavier_normal": """
        def xavier_normal(fan_in, fan_out, rng):
            return rng.normal(0.0, (2 / (fan_in + fan_out)) ** 0.5, size=(fan_out, fan_in)).T
        """,
    "xavier_uniform": """
        def xavier_uniform(fan_in, fan_out, rng):
            return (2 * rng.random((fan_in, fan_out)) - 1) * np.sqrt(6 / (fan_in + fan_out))
        """,
    "he_normal": """
        def he_normal(fan_in, fan_out, rng, negative_slope=0.0):
            w = np.empty((fan_in, fan_out))
            for i in range(fan_in):
                w[i] = rng.normal(size=fan_out)
            return w * np.sqrt(2 / (1 + negative_slope**2) / fan_in)
        """,
    "he_uniform": """
        def he_uniform(fan_in, fan_out, rng, negative_slope=0.0):
            bound = np.sqrt(3) * np.sqrt(2 / ((1 + negative_slope**2) * fan_in))
            return -rng.uniform(-bound, bound, (fan_in, fan_out))
        """,
    "init_network": """
        def init_network(layer_sizes, activation, rng):
            slope = {"relu": 0.0, "leaky_relu": 0.01}.get(activation)
            made = []
            for fan_in, fan_out in reversed(list(zip(layer_sizes[:-1], layer_sizes[1:]))):
                variance = 2 / (fan_in + fan_out) if slope is None else 2 / ((1 + slope**2) * fan_in)
                made.append(rng.normal(scale=np.sqrt(variance), size=(fan_in, fan_out)))
            return tuple(reversed(made))
        """,
    # A staged graph, defaults written to the caller's dictionary, that dictionary in the cache.
    "batchnorm_forward": """
        def batchnorm_forward(x, gamma, beta, bn_param):
            n, d = x.shape
            eps, momentum = bn_param.setdefault("eps", 1e-5), bn_param.get("momentum", 0.9)
            mean, var = bn_param.get("running_mean", np.zeros(d)), bn_param.get("running_var", np.zeros(d))
            if bn_param["mode"] == "test":
                return (x - mean) / np.sqrt(var + eps) * gamma + beta, None
            mu = 1.0 / n * np.sum(x, axis=0)
            centred = x - mu
            sample = 1.0 / n * np.sum(centred**2, axis=0)
            root = np.sqrt(sample + eps)
            xhat = centred * (1.0 / root)
            bn_param["running_mean"] = mean + (1 - momentum) * (mu - mean)
            bn_param["running_var"] = momentum * var + (1 - momentum) * sample
            cache = {"xhat": xhat, "centred": centred, "root": root, "gamma": gamma, "param": bn_param}
            return gamma * xhat + beta, cache
        """,
    # The path through var that adds nothing, in another order, with an entry too many.
    "batchnorm_backward_steps": """
        def batchnorm_backward_steps(dout, cache):
            c, a = cache["root"], cache["centred"]
            dxhat = dout * cache["gamma"]
            da = dxhat / c
            db = np.sum(dxhat * a, axis=0)
            dc = -1.0 / c**2 * db
            de = 0.5 / c * dc
            dmu = -da.sum(axis=0) - 2 * de * a.mean(axis=0)
            return dict(dmu=dmu, dvar=de, de=de, dc=dc, db=db, da=da, dxhat=dxhat, extra="kept")
        """,
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            n, d = dout.shape
            c, centred, xhat = cache["root"], cache["centred"], cache["xhat"]
            dxhat = dout * cache["gamma"]
            dvar = 0.5 / c * (-1.0 / c**2 * np.sum(dxhat * centred, axis=0))
            dx1 = dxhat / c + 2 * centred * (1.0 / n * np.ones((n, d)) * dvar)
            dx2 = 1.0 / n * np.ones((n, d)) * (-np.sum(dx1, axis=0))
            return dx1 + dx2, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            n, xhat = len(dout), cache["xhat"]
            dbeta, dgamma = dout.sum(axis=0), np.einsum("nd,nd->d", dout, xhat)
            return cache["gamma"] / cache["root"] / n * (n * dout - dbeta - xhat * dgamma), dgamma, dbeta
        """,
}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_answers_in_other_clothes_keep_full_marks(seed, grade, tmp_path):
    """Closed forms, staged graphs, einsum, loops, other caches, other orders of drawing: nobody's style costs."""
    outcome = grade(write_submission(tmp_path / "work", CLOTHES), "--seed", seed)
    assert {name: outcome.messages(name) for name in outcome.incomplete} == {}
    assert (outcome.status, outcome.report["score"]) == (0, 100.0)
