"""Where pi is computed: the port in `base`, the engine of this machine (`local_*`) and that of a cluster (`dask_*`)."""
