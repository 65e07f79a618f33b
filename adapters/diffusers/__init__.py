"""The `diffusers` adapter: any text-, image- or video-to-video pipeline of the diffusers library.

`pipeline` is the generator; `config` what a specification may say; `description` reads the model's own files
without loading weights; `rules` and `geometry` know which frame counts and sizes each class can make;
`loading` builds the pipeline; `calls` turns requests into arguments, and `given` what comes with a prompt;
`modular` has pipelines of blocks; `probe` follows a call; `streaming` hands on frames before the call ends.
`specs` holds ready specifications for well-known models. Nothing here imports diffusers before `load`.
"""
