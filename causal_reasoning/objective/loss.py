"""What a compiled objective computes in a training step, written without any array library.

A loss is a small frozen value with the parameters of one objective. It is called with a `Step`, which offers the
quantities of one micro-batch as tensors, and combines them with arithmetic; so everything up to the objective
stays free of torch, and an objective is one file.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Array = Any
"""A tensor of the training library; losses use arithmetic, indexing and methods such as ``sum`` and ``mean``."""

MAIN = "main"


class Step(Protocol):
    """One micro-batch of B rows, as a loss sees it.

    Attributes
    ----------
    weight : array of shape (B,)
        Importance weights, dimensionless, without gradient.
    group : array of shape (B,)
        Index of each row's group (environment), 0 to ``groups`` − 1; zeros if the plan names no column.
    groups : int
        The number of groups in the training data.
    number, last : int
        The optimiser step that this micro-batch belongs to, from 0, and the last one's number.
    tokens_per_answer : float
        Mean number of tokens of an answer: the constant by which `nll` and `per_row` divide.
    memory : mutable mapping of str to array
        What a loss remembers between steps; kept in checkpoints.
    """

    weight: Array
    group: Array
    groups: int
    number: int
    last: int
    tokens_per_answer: float
    memory: MutableMapping[str, Array]

    def label(self, columns: tuple[str, ...]) -> Array:
        """Index of each row's combination of values of some columns that the plan names: shape (B,)."""

    def nll(self, view: str = MAIN) -> Array:
        """−log p_θ(answer | prompt) of each row: shape (B,), in nats per token of a mean answer.

        A view is another encoding of the same rows, such as one with another rendering of the question.
        """

    def logits(self, view: str = MAIN, *, gradient: bool = True) -> Array:
        """Scores of the next token at the written positions, one row a position: shape (P, V).

        Without ``gradient`` they are constants, and nothing is kept to differentiate them.
        """

    def prepare(self, views: Sequence[str], *, gradient: bool = True) -> None:
        """Compute the likelihoods of several views together, which is cheaper where their prompts begin alike."""

    def targets(self, view: str = MAIN) -> Array:
        """The tokens to be written there: shape (P,)."""

    def rows(self, view: str = MAIN) -> Array:
        """Which row of the batch each written position belongs to: shape (P,), values 0 to B − 1."""

    def parts(self, view: str = MAIN) -> Array:
        """Which of the written nodes each written position belongs to, causes first: shape (P,), from 0."""

    def per_row(self, values: Array, view: str = MAIN) -> Array:
        """Sum a quantity over the written positions of each row, in the unit of `nll`: shape (P,) to (B,)."""

    def representation(self, layer: int, pool: str, view: str = MAIN, *, adapter: bool = True) -> Array:
        """Hidden state after a layer (0: the embeddings, −1: the last), pooled over positions: shape (B, D).

        ``pool`` is ``"prompt"`` (the last position that is read), ``"answer"`` (mean over the positions that predict
        the answer) or ``"mean"`` (mean over all that is read); ``"each"`` gives every position, shape (B, T, D).
        Without ``adapter`` it is the frozen base model's, without gradient.
        """

    def contribution(
        self, slot: str, tokens: Sequence[int], layers: int, pool: str, view: str = MAIN
    ) -> tuple[Array, Array]:
        """What a slot adds to the model, and what the frozen layers add at the same places.

        Parameters
        ----------
        slot : str
            The slot.
        tokens : sequence of int
            Which of its tokens; none is all.
        layers : int
            How many of the last layers; 0 is all. They stand side by side.
        pool : str
            As for `representation`, or ``"each"``.

        Returns
        -------
        (array, array)
            Both of shape (B, D), or (B, T, D) for ``"each"``; the second without gradient.
        """

    def choose(self, name: str, values: Array, *, fixed: bool) -> None:
        """Tell the adapter by which value each row chooses a part, shape (B,): ``fixed``, or as a router's lesson."""

    def router_loss(self) -> Array | None:
        """What the adapter's routers lose in the passes of this step, if they learn by gradient."""

    def attention(self, view: str = MAIN) -> Array:
        """Attention of the positions that predict the answer, averaged over layers and heads: shape (P, T)."""

    def visible(self, view: str = MAIN) -> Array:
        """Which tokens each of these positions sees, itself included: booleans of shape (P, T)."""

    def marked(self, view: str) -> Array:
        """Which tokens of the main view a view marks: booleans of shape (B, T).

        Such a view repeats the main view's tokens, with −100 in place of every token that is not marked.
        """

    def mix(self, partner: Array, share: Array) -> tuple[str, str]:
        """Interpolate the input embeddings of each row with another row's.

        Rows are laid upon each other with the first tokens of their answers at one position; where only one of
        the two has a token, that token is taken whole.

        Parameters
        ----------
        partner : array of shape (B,)
            Each row's other row.
        share : array of shape (B,)
            Share of the row itself, 0 to 1.

        Returns
        -------
        (str, str)
            Two views with these inputs: one writes the row's own answer, the other one the partner's.
        """

    def shuffled(self) -> Array:
        """A random order of the rows: shape (B,). Drawn from the training run's generator, as `beta` is."""

    def beta(self, alpha: float) -> Array:
        """Draws from the distribution Beta(alpha, alpha), one a row: shape (B,)."""

    def head(self, name: str, values: Array) -> Array:
        """Apply a small network that is trained beside the adapter; see `Needs`. Shape (N, D) to (N, outputs)."""

    def unembed(self, vectors: Array) -> Array:
        """What adding vectors to the last hidden state adds to the scores: shape (N, D) to (N, V)."""

    def gradient(self, value: Array, of: Array) -> Array:
        """Derivative of a scalar with respect to a tensor, itself differentiable."""


class Loss(Protocol):
    """What is minimised."""

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Compute the parts of the loss of one micro-batch: ``"loss"`` is minimised, the others are logged."""


@dataclass(frozen=True)
class Head:
    """A network with one hidden layer on top of hidden states, used in training only.

    Parameters
    ----------
    outputs : int or None
        Size of what it computes; ``None`` is the model's hidden size.
    silent : bool
        Whether it starts as the constant 0.
    """

    outputs: int | None = None
    silent: bool = False


@dataclass(frozen=True)
class Needs:
    """What a loss needs of the training loop beside batches.

    Parameters
    ----------
    heads : mapping of str to Head
        Networks that are trained with the adapter and thrown away afterwards; see `Step.head`.
    attention : bool
        Whether the model must compute attention maps, which costs time and memory; see `Step.attention`.
    average_from : float or None
        Keep the mean of the weights after this share of the steps instead of the last ones.
    reset_at : float or None
        Forget the optimiser's moments once, after this share of the steps.
    """

    heads: Mapping[str, Head] = field(default_factory=dict)
    attention: bool = False
    average_from: float | None = None
    reset_at: float | None = None


@runtime_checkable
class Equipped(Protocol):
    """A loss that needs more than batches."""

    def needs(self) -> Needs:
        """Say what; see `Needs`."""


@dataclass(frozen=True)
class WeightedLikelihood:
    """E[ w · −log p_θ(write | read) ], a mean over the rows of a batch; plain likelihood where w = 1.

    References
    ----------
    Empirical risk minimisation: V. Vapnik, *Statistical Learning Theory* (1998); weighted: H. Shimodaira, "Improving
    predictive inference under covariate shift by weighting the log-likelihood function" (2000).
    """

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The weighted mean; see the class."""
        return {"loss": (step.weight * step.nll()).mean()}
