"""Text in and out of a language model: tokenizers, and how the next token is chosen."""

from ..later import missing_from
from .positions import apply_rotary, rotary_positions, sinusoidal_positions  # 14
from .sampling import filter_logits, next_token_probabilities, sample_next, top_k_filter, top_p_filter  # 16
from .tokenizers import BytePairTokenizer, CharTokenizer, load_tokenizer  # 14

__getattr__ = missing_from(__name__)
