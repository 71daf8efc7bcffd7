"""The stages that write what the chapters read, one module each.

Each has a function ``run(files, *, <sections of the profile>)``, with ``variant`` where there is one stage a
model. Nothing here imports the profiles' schema, so a new key of a profile trains no model again.
"""
