"""Three small generators of the shapes world, one for each family, trained by this project.

Here live their networks, samplers, adapters, weights and training. Nothing here is imported by the
core: the adapters are found through their entry points.
"""
