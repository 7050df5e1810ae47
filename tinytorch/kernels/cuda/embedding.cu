// Adding vectors to rows of a table that is chosen by number: the gradient of an embedding. Several vectors may name one row,
// so each sum is an atomic add, in an order that changes from run to run (as do the last bits of the result, as in PyTorch).
extern "C" __global__ void add_rows(
    const T *__restrict__ g, const long long *__restrict__ index, T *out, int n, int D, int rows
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    long long row = index[i / D];
    if (row >= 0 && row < rows) atomicAdd(&out[row * D + i % D], g[i]);
}
