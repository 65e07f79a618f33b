"""The `diffusers` adapter: any text-, image- or video-to-video pipeline of the diffusers library.

`pipeline` is the generator; `config` what a specification may say; `source` finds the model's files and reads
them without loading weights; `rules` knows which frame counts and sizes each class can make; `loading` builds
the pipeline; `calls` turns requests into its arguments; `probe` follows a call; `streaming` hands on frames
before the call ends. Nothing here imports diffusers or torch before `load`.
"""
