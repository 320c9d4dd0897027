"""Studies as data: what a study file says beside the options of `run`, and the built-in ones."""
