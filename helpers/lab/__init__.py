"""`lab`: a run by hand in JupyterLab. Its folder, its server and kernels, and what the record says of it."""
