// What all kernels here begin with. In front of it stands what T is, the type of the elements: float or double.

typedef unsigned char byte;

#define INF ((T)(1e300 * 1e300))  // NVRTC brings no header that says so

// ---------------------------------------------------------------- reductions
//
// The 32 threads of a warp can read each other's registers; the warps of a block meet in shared memory.

__device__ __forceinline__ T warp_sum(T x) {
    for (int step = 16; step; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__device__ __forceinline__ T warp_max(T x) {
    for (int step = 16; step; step /= 2) {
        T other = __shfl_xor_sync(~0u, x, step);
        x = other > x || other != other ? other : x;  // NaN wins
    }
    return x;
}

// The sum over a block of up to 1024 threads, a multiple of 32 in one dimension; every thread gets it.
__device__ __forceinline__ T block_sum(T x) {
    __shared__ T parts[32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    x = warp_sum(x);
    __syncthreads();  // somebody may still be reading the parts of the sum before this one
    if (lane == 0) parts[warp] = x;
    __syncthreads();
    return warp_sum(lane < blockDim.x / 32 ? parts[lane] : (T)0);
}

__device__ __forceinline__ T block_max(T x) {
    __shared__ T parts[32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    x = warp_max(x);
    __syncthreads();
    if (lane == 0) parts[warp] = x;
    __syncthreads();
    return warp_max(lane < blockDim.x / 32 ? parts[lane] : -INF);
}

// ---------------------------------------------------------------- random numbers

// What random.py calls `hashed`: the random number of a place, which any thread can make, on any device the same.
__device__ __forceinline__ unsigned mixed(unsigned h) {
    h = (h ^ h >> 16) * 0x21F0AAADu;
    h = (h ^ h >> 15) * 0xD35A2D97u;
    return h ^ h >> 15;
}

__device__ __forceinline__ unsigned hashed(unsigned place, unsigned key0, unsigned key1) {
    return mixed(mixed(place ^ key0) ^ key1);
}

// 24 bits as a number in [0, 1), all that a float32 holds.
__device__ __forceinline__ T unit(unsigned bits) { return (T)(bits >> 8) * (T)(1.0 / 16777216.0); }
