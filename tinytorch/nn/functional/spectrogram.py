"""Fourier transforms of a signal window by window, and the signal back from them."""

from __future__ import annotations

from ... import ops
from ...creation import ones, zeros
from ...op import method
from ...ops.fourier import fft, ifft, irfft, rfft
from .pad import pad
from .vision import fold


def whole_window(window, win_length: int, n_fft: int, like):
    """The window, by default a rectangle, in the middle of n_fft numbers."""
    if not 0 < win_length <= n_fft:
        raise RuntimeError(
            f"expected 0 < win_length <= n_fft, but got win_length={win_length} and n_fft={n_fft}"
        )
    if window is None:
        window = ones(
            win_length, dtype=like.real.dtype if like.is_complex() else like.dtype, device=like.device
        )
    if tuple(window.shape) != (win_length,):
        raise RuntimeError(
            f"expected a 1D window tensor of size equal to win_length={win_length}, but got window with size {list(window.shape)}"
        )
    left = (n_fft - win_length) // 2
    return pad(window, (left, n_fft - win_length - left))


@method
def stft(
    input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False, onesided=None,
    return_complex=None, align_to_window=None,
):  # fmt: skip
    """Windows of n_fft numbers, hop_length apart, and their Fourier transforms: (..., L) -> (..., frequencies, windows)."""
    if return_complex is None and not (input.is_complex() or (window is not None and window.is_complex())):
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further require that"
            " return_complex=True in a future PyTorch release."
        )
    hop, length = (
        n_fft // 4 if hop_length is None else hop_length,
        n_fft if win_length is None else win_length,
    )
    if input.ndim not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, but got {input.ndim}D")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    x = input if input.ndim == 2 else input.unsqueeze(0)
    if center:
        x = pad(x.unsqueeze(1), (n_fft // 2, n_fft // 2), pad_mode).squeeze(1)
    if not 0 < n_fft <= x.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {x.shape[-1]}, but got n_fft={n_fft}")
    frames = ops.unfold(x, -1, n_fft, hop) * whole_window(window, length, n_fft, input)  # (B, T, n_fft)
    half = not frames.is_complex() if onesided is None else onesided
    if half and frames.is_complex():
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    out = (rfft if half else fft)(frames, norm="ortho" if normalized else None).transpose(1, 2)  # (B, F, T)
    out = out if input.ndim == 2 else out.squeeze(0)
    return out if return_complex or return_complex is None else ops.view_as_real(out)


@method
def istft(
    input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
    return_complex=False,
):  # fmt: skip
    """The signal whose `stft` this is: overlapping windows added up, divided by the sum of the squared windows."""
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    hop, size = n_fft // 4 if hop_length is None else hop_length, n_fft if win_length is None else win_length
    x = (input if input.ndim == 3 else input.unsqueeze(0)).transpose(1, 2)  # (B, T, F)
    half = x.shape[-1] != n_fft if onesided is None else onesided
    if x.shape[-1] != (n_fft // 2 + 1 if half else n_fft):
        raise RuntimeError(
            f"istft: {x.shape[-1]} frequencies do not come from n_fft={n_fft} with onesided={half}"
        )
    window = whole_window(window, size, n_fft, input)
    norm = "ortho" if normalized else None
    frames = (
        ifft(x, norm=norm)
        if return_complex
        else irfft(x if half else x[..., : n_fft // 2 + 1], n=n_fft, norm=norm)
    )
    whole = n_fft + hop * (x.shape[1] - 1)
    add_up = lambda parts: fold(parts.transpose(1, 2), (1, whole), (1, n_fft), stride=(1, hop))[
        :, 0, 0
    ]  # (B, T, n) -> (B, L)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - start
    weight = add_up((window * window).expand(1, x.shape[1], n_fft))[:, start:end]
    if weight.numel() and weight.abs().min().item() < 1e-11:
        raise RuntimeError(
            f"istft: window overlap add min: {weight.abs().min().item()}, which should be greater than 0"
        )
    signal = add_up(frames * window)[:, start:end] / weight
    if end > whole:
        signal = ops.cat(
            (signal, zeros(len(signal), end - whole, dtype=signal.dtype, device=signal.device)), dim=1
        )
    return signal if input.ndim == 3 else signal.squeeze(0)
