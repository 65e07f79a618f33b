"""Decode a clip of the Wan VAE piece by piece, with the same result as at once."""

from __future__ import annotations

from typing import Any

from vbench_lite.errors import ClipError


class PiecewiseDecoder:
    """Takes the place of `_decode` of an `AutoencoderKLWan` during a call.

    That VAE decodes one latent frame after the other and keeps what its convolutions need of the past; here
    the past is kept between calls as well. When the pipeline decodes the whole clip at its end, it gets the
    pieces, and only what is missing is decoded.
    """

    def __init__(self, vae: Any) -> None:
        self._vae = vae
        self._latents: list[Any] = []
        self._videos: list[Any] = []
        self._whole = True

    def begin(self) -> None:
        """Take over; call it before the pipeline's call."""
        self._vae._decode = self._answer
        self._vae.clear_cache()

    def end(self) -> None:
        """Give the VAE back as it was."""
        del self._vae._decode
        self._vae.clear_cache()

    def decode(self, latents: Any) -> Any:
        """The frames of the next latents, (1, C, T, h, w) in the scale of the denoiser, in [-1, 1]."""
        self._whole = False
        try:
            return self._vae.decode(self._scaled(latents), return_dict=False)[0]
        finally:
            self._whole = True

    def _scaled(self, latents: Any) -> Any:
        """As the pipelines do it before they decode, in the same order of operations."""
        import torch

        config = self._vae.config
        latents = latents.to(self._vae.dtype)

        def channels(values: Any) -> Any:
            return torch.tensor(values).view(1, config.z_dim, 1, 1, 1).to(latents.device, latents.dtype)

        return latents / (1.0 / channels(config.latents_std)) + channels(config.latents_mean)

    def _answer(self, z: Any, return_dict: bool = True) -> Any:
        import torch

        if not self._whole:
            video = self._continue(z)
        else:
            known = sum(part.shape[2] for part in self._latents)
            if self._latents and not torch.equal(torch.cat(self._latents, 2), z[:, :, :known]):
                raise ClipError(
                    "latents changed after they were taken for final; set stream: false in the config"
                )
            if z.shape[2] > known:
                self._continue(z[:, :, known:])
            video = torch.cat(self._videos, 2)
        if not return_dict:
            return (video,)
        from diffusers.models.autoencoders.vae import DecoderOutput

        return DecoderOutput(sample=video)

    def _continue(self, z: Any) -> Any:
        import torch

        vae = self._vae
        x = vae.post_quant_conv(z)
        parts = []
        for index in range(z.shape[2]):
            vae._conv_idx = [0]
            opening = {"first_chunk": True} if not self._latents and index == 0 else {}
            frame = x[:, :, index : index + 1]
            parts.append(vae.decoder(frame, feat_cache=vae._feat_map, feat_idx=vae._conv_idx, **opening))
        video = torch.cat(parts, 2)
        if vae.config.patch_size is not None:
            from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

            video = unpatchify(video, patch_size=vae.config.patch_size)
        video = torch.clamp(video, min=-1.0, max=1.0)
        self._latents.append(z)
        self._videos.append(video)
        return video
