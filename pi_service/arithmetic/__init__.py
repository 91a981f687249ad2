"""Long numbers: checked products, Newton's iteration, the series of Chudnovsky, digits. The only importer of gmpy2."""
