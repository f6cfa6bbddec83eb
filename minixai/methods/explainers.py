"""GradientExplainer and DeepExplainer, as people who come from the shap library know them.

Thin faces: `expected_gradients` and `deep_shap` do the work, for all classes on one way forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from minixai.arrays import Array, mark_readonly
from minixai.attribution import Attribution
from minixai.methods.background import all_outputs
from minixai.methods.call import Call, as_model_input
from minixai.methods.deep_shap import deep_shap_of_targets
from minixai.methods.expected_gradients import expected_gradients_of_targets
from minixai.methods.parameters import document
from minixai.methods.registry import check_finite_result
from minixai.model import Network
from minixai.validate import as_count, as_nonnegative, one_of

ORDERS: Mapping[str, Callable[[Array], Array]] = {"max": lambda y: -y, "min": lambda y: y, "max_abs": lambda y: -abs(y)}
"""Which outputs come first: those where this is smallest."""


class Explainer:
    """What both have in common: a background, and the mean of the model over it."""

    def __init__(
        self,
        model: Network,
        background: npt.ArrayLike,
        *,
        output: str = "score",
        layer: str | int | None = None,
        batch: int | None = None,
    ) -> None:
        rows = as_model_input(model, background, "background")
        self.call = Call(model, rows, output=output, layer=layer, batch=batch)

    @property
    def expected_value(self) -> Array:
        """(outputs,): the mean over the background, to which the values of an input add its difference; read-only."""
        return self.mean_outputs

    @cached_property
    def mean_outputs(self) -> Array:
        """(outputs,): the mean over the background, to which the values of an input add its difference."""
        outputs = all_outputs(self.call)
        return mark_readonly(np.asarray(outputs.mean(axis=0, dtype=np.float64).astype(outputs.dtype)))

    def rank_outputs(self, call: Call, outputs: int | None, order: str) -> Array:
        """(N, k): the outputs to explain for each input, by default all of them in their own order."""
        total = len(self.expected_value)
        key = ORDERS[one_of(order, ORDERS, "output_rank_order")]
        if outputs is None:
            return np.broadcast_to(np.arange(total), (len(call.rows), total))
        if as_count(outputs, "ranked_outputs") > total:
            raise ValueError(f"ranked_outputs is {outputs}, but there are {total} outputs: give at most {total}")
        return np.argsort(key(all_outputs(call)), axis=1, kind="stable")[:, :outputs]


@document
class GradientExplainer(Explainer):
    """The GradientExplainer of shap: expected gradients for every output.

    Parameters
    ----------
    {model, background}
    local_smoothing : float, default 0.0
        σ of the noise added to an input, in the units of that input: from 0 to 255 beside images of uint8.
    {output, layer, batch}

    Raises
    ------
    {errors}

    Examples
    --------
    >>> from minixai import toys
    >>> explainer = GradientExplainer(toys.add_multiply, [[0.0, 0.0, 0.0]])
    >>> explainer.shap_values([[3.0, 1.0, 2.0]], nsamples=2000)[0, :, 0].round(0)
    array([4., 3., 4.])
    """

    def __init__(
        self,
        model: Network,
        background: npt.ArrayLike,
        local_smoothing: float = 0.0,
        *,
        output: str = "score",
        layer: str | int | None = None,
        batch: int | None = None,
    ) -> None:
        super().__init__(model, background, output=output, layer=layer, batch=batch)
        self.local_smoothing = as_nonnegative(local_smoothing, "local_smoothing")

    def shap_values(
        self,
        x: npt.ArrayLike,
        nsamples: int = 200,
        ranked_outputs: int | None = None,
        output_rank_order: str = "max",
        rseed: int | None = None,
        return_variances: bool = False,
    ) -> Array | tuple[Array, ...]:
        """Return the values of every output.

        Parameters
        ----------
        x : array_like, (N, ...)
            The inputs.
        nsamples : int, default 200
            Draws for each input.
        ranked_outputs : int, optional
            Explain the first k outputs of each input only.
        output_rank_order : {"max", "min", "max_abs"}, default "max"
            Which outputs come first; "max_abs" is the largest by size (shap on TensorFlow takes the smallest).
        rseed : int, optional
            The random stream of shap with this seed, sample for sample; None is the stream of `expected_gradients`
            with seed 0, in which no input sees its batch mates.  Either way the same call gives the same values.
        return_variances : bool, default False
            Whether to return the variances of the means too: s²/n, the square of the standard error (var/√n, which
            shap returns, is neither).

        Returns
        -------
        ndarray, (N, ..., outputs)
            Then the variances, if asked for; then the numbers of the outputs (N, k), if ranked.

        Raises
        ------
        ValueError
            For an unknown order, and more outputs than there are.
        """
        call = replace(self.call, x=x)
        seed, rng = (0, "minixai") if rseed is None else (rseed, "shap")
        ranks = self.rank_outputs(call, ranked_outputs, output_rank_order)
        results = expected_gradients_of_targets(
            call, self.call.rows, nsamples, self.local_smoothing, seed, rng, list(ranks.T)
        )
        answers = [stack_outputs(results)]
        if return_variances:
            answers.append(np.stack([np.asarray(result.standard_error) ** 2 for result in results], axis=-1))
        if ranked_outputs is not None:
            answers.append(ranks)
        return tuple(answers) if len(answers) > 1 else answers[0]


@document
class DeepExplainer(Explainer):
    """The DeepExplainer of shap: DeepLIFT from every reference, for every output.

    Parameters
    ----------
    {model, background, output, layer, batch}

    Raises
    ------
    {errors}

    Examples
    --------
    >>> from minixai import toys
    >>> explainer = DeepExplainer(toys.saturation, [[0.0, 0.0], [1.0, 1.0]])
    >>> explainer.expected_value, explainer.shap_values([[1.0, 0.25]])[0, :, 0]
    (array([0.5]), array([0.4, 0.1]))
    """

    def shap_values(
        self,
        x: npt.ArrayLike,
        ranked_outputs: int | None = None,
        output_rank_order: str = "max",
        check_additivity: bool = True,
    ) -> Array | tuple[Array, Array]:
        """Return the values of every output.

        Parameters
        ----------
        x : array_like, (N, ...)
            The inputs.
        ranked_outputs, output_rank_order
            As in `GradientExplainer.shap_values`.
        check_additivity : bool, default True
            Whether to raise ValueError where the values miss f(x) − f(x') for any reference by more than rounding,
            √ε · (|f(x)| + |f(x')| + Σ|φ|).  The bound of shap is .01, whatever the size of f, and it measures ranked
            values by outputs that are not.

        Returns
        -------
        ndarray, (N, ..., outputs)
            And the numbers of the outputs (N, k), if ranked.

        Raises
        ------
        ValueError
            For an unknown order, more outputs than there are, and values that do not add up.
        """
        call = replace(self.call, x=x)
        ranks = self.rank_outputs(call, ranked_outputs, output_rank_order)
        values = stack_outputs(
            deep_shap_of_targets(call, self.call.rows, targets=list(ranks.T), check=check_additivity)
        )
        return values if ranked_outputs is None else (values, ranks)


def stack_outputs(results: list[Attribution]) -> Array:
    """(N, ..., outputs)"""
    return np.stack([check_finite_result(result).values for result in results], axis=-1)
