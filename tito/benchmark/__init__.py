"""tinytorch beside PyTorch eager: what is measured (cases), how (measure), where results are kept (store), how they are shown (report).

`python -m tito.benchmark` measures in this process, which imports both; `tito benchmark` starts it, since tito itself imports neither.
"""
