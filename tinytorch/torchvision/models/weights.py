"""Pretrained weights: there are none here, and asking for some says what to do."""

from __future__ import annotations


def refuse_weights(model: str, weights=None, pretrained: bool = False) -> None:
    if weights is not None or pretrained:
        raise NotImplementedError(
            f"{model}: tinytorch downloads no pretrained weights. Save them where PyTorch is installed, with"
            f" torch.save({model}(weights=...).state_dict(), 'weights.pt'), and load the file here: load_state_dict(torch.load('weights.pt'))"
        )
