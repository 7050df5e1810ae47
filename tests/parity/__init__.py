"""Every name of the API held against PyTorch: values, dtypes, gradients, errors."""
