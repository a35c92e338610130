"""The tokenizer of the packaged model: known words are one token, all other text is spelled.

A piece is a word or a punctuation mark with the space before it, a digit, or a single blank. A piece that is in
the vocabulary is one token; any other is split into characters, and characters outside ASCII into bytes. Spaces
belong to the tokens, so decoding is plain concatenation and gives back any text exactly. Single letters are no
words: `` a`` is a space and an ``a``, the same ``a`` that spells a made-up word.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from causal_reasoning.base_model.vocabulary import whole_words

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BOS, EOS, PAD, UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"
MAXIMUM_LENGTH = 512
_PIECE = r" ?[A-Za-z]+| ?[!-/:-@\[-`{-~]|[0-9]|\s|[^\sA-Za-z0-9!-~]+"


def vocabulary() -> list[str]:
    """List all tokens in the order of their ids.

    Returns
    -------
    list of str
        Special tokens, the 256 bytes, ASCII characters, punctuation after a space, words.

    Examples
    --------
    >>> vocabulary()[:4]
    ['<pad>', '<s>', '</s>', '<unk>']
    """
    special = [PAD, BOS, EOS, UNKNOWN]
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    characters = ["\n", *(chr(code) for code in range(32, 127))]
    marks = [f" {mark}" for mark in string.punctuation]
    return [*special, *spelled, *characters, *marks, *whole_words()]


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the tokenizer.

    Returns
    -------
    PreTrainedTokenizerFast
        Puts ``<s>`` before every text, pads on the left, and never yields ``<unk>``.

    Examples
    --------
    >>> build_tokenizer().tokenize("The letter of bomi")
    ['The', ' letter', ' of', ' ', 'b', 'o', 'm', 'i']

    References
    ----------
    R. Sennrich, B. Haddow and A. Birch, "Neural machine translation of rare words with subword units" (2016), with an
    empty list of merges.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {token: index for index, token in enumerate(vocabulary())}
    core = Tokenizer(
        models.BPE(vocab=ids, merges=[], unk_token=UNKNOWN, byte_fallback=True, ignore_merges=True, fuse_unk=False)
    )
    core.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), behavior="isolated")
    core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, ids[BOS])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        unk_token=UNKNOWN,
        padding_side="left",
        model_max_length=MAXIMUM_LENGTH,
        clean_up_tokenization_spaces=False,
    )
