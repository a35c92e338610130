"""Prompts in the tokenizer's chat template, token by token as a chat model was trained to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import ChatSpec, Experiment


class WithoutSpecial:
    """A tokenizer that adds no special tokens of its own: a chat template writes them.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        The tokenizer.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __call__(self, texts: Any, **options: Any) -> Any:
        """Tokenise texts as they are."""
        return self.tokenizer(texts, **{**options, "add_special_tokens": False})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)


def chat_prompts(texts: Sequence[str], tokenizer: Any, chat: ChatSpec) -> list[str]:
    """Put texts into the tokenizer's chat template, up to where the model begins to answer.

    Parameters
    ----------
    texts : sequence of str
        What the user says, N texts; white space at the ends is left out, as chat templates do.
    tokenizer : PreTrainedTokenizerBase
        A tokenizer with a chat template.
    chat : ChatSpec
        The system message.

    Returns
    -------
    list of str
        N prompts, with the special tokens that the template writes.

    Raises
    ------
    InputError
        If the template refuses the messages, for instance a system message.
    """
    system = [{"role": "system", "content": chat.system}] if chat.system is not None else []
    talks = [[*system, {"role": "user", "content": text.strip()}] for text in texts]
    try:
        return [tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True) for talk in talks]
    except Exception as error:
        # A template is a program, and raises what it likes.
        reason = " ".join(str(error).split())[:200]
        raise InputError.at("chat", f"the chat template refuses the messages: {reason}") from error


def check_chat(experiment: Experiment, tokenizer: Any) -> None:
    """See that the tokenizer has a chat template if the experiment asks for one.

    Raises
    ------
    InputError
        At the key ``chat`` of the experiment file.
    """
    if experiment.chat is None:
        return
    path = ("chat",)
    if getattr(tokenizer, "chat_template", None) is None:
        raise experiment.document.error(
            path,
            f"the tokenizer of '{experiment.spec.model}' has no chat template; leave 'chat' out, or name a chat model",
        )
    try:
        chat_prompts(["a"], tokenizer, experiment.chat)
    except InputError as error:
        raise InputError(experiment.document.fault(path, fault.message) for fault in error.faults) from error
