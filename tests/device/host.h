// Lets g++ read a CUDA C file and run its kernels on the CPU, so that their arithmetic is tested without a GPU.
//
// Blocks run one after another. The threads of a block are fibers on one core: each runs until it meets a barrier, then
// the next one does. `thread_order` 1 runs them backwards: a kernel that lacks a barrier gives another result then.
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <vector>

using std::abs; using std::exp; using std::erf; using std::fma; using std::isinf; using std::isnan; using std::log;
using std::max; using std::min; using std::pow; using std::sqrt; using std::tanh; using std::cos; using std::sin; using std::fmax;

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __shared__ static
#define __constant__ static

struct uint3 { unsigned x, y, z; };
struct uint4 { unsigned x, y, z, w; };
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// ---------------------------------------------------------------- fibers

struct Fiber { uint3 index; jmp_buf place; ucontext_t start; bool begun, done; int waits_for; long generation; int lane, warp; };
struct Barrier { int arrived, alive; long generation; };

static const size_t STACK = 64 << 10;
static uint3 blockIdx, blockDim, gridDim;
static std::vector<Fiber> fibers;
static std::vector<char> stacks;
static std::vector<Barrier> barriers;  // the block's, then one for each warp
static Fiber *current;
static jmp_buf scheduler;
static void (*body)();
static double mailbox[64][32];  // what lanes hand to each other, for each warp
static int thread_order = 0;

#define threadIdx (current->index)

static void arrive(int which) {
    Barrier &b = barriers[which];
    if (++b.arrived >= b.alive) { b.arrived = 0; b.generation++; }
}
static void wait_at(int which) {
    current->waits_for = which;
    current->generation = barriers[which].generation;
    arrive(which);
    if (!_setjmp(current->place)) _longjmp(scheduler, 1);
}
static void run_fiber() {
    body();
    current->done = true;
    for (int which : {0, 1 + current->warp}) {  // who has returned is no longer waited for
        Barrier &b = barriers[which];
        b.alive--;
        if (b.alive > 0 && b.arrived >= b.alive) { b.arrived = 0; b.generation++; }
    }
    _longjmp(scheduler, 1);
}
static void run_block(bool has_barriers) {
    unsigned n = blockDim.x * blockDim.y * blockDim.z;
    fibers.resize(n);
    for (unsigned t = 0; t < n; t++)
        fibers[t].index = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
    if (!has_barriers) {
        for (unsigned t = 0; t < n; t++) { current = &fibers[thread_order ? n - 1 - t : t]; body(); }
        return;
    }
    if (stacks.size() < n * STACK) stacks.resize(n * STACK);
    barriers.assign(1 + (n + 31) / 32, {0, 0, 0});
    for (unsigned t = 0; t < n; t++) {
        Fiber &f = fibers[t];
        f.begun = f.done = false; f.waits_for = -1; f.lane = t % 32; f.warp = t / 32;
        barriers[0].alive++; barriers[1 + f.warp].alive++;
    }
    for (unsigned left = n, moved; left;) {
        moved = 0;
        for (unsigned k = 0; k < n; k++) {
            Fiber &f = fibers[thread_order ? n - 1 - k : k];
            if (f.done || (f.waits_for >= 0 && barriers[f.waits_for].generation == f.generation)) continue;
            f.waits_for = -1; current = &f; moved++;
            if (!_setjmp(scheduler)) {
                if (f.begun) _longjmp(f.place, 1);
                f.begun = true;
                getcontext(&f.start);
                f.start.uc_stack.ss_sp = &stacks[size_t(&f - &fibers[0]) * STACK];
                f.start.uc_stack.ss_size = STACK;
                makecontext(&f.start, run_fiber, 0);
                setcontext(&f.start);
            }
            if (f.done) left--;
        }
        if (!moved) { fprintf(stderr, "a kernel's threads wait for each other for ever\n"); abort(); }
    }
}

// ---------------------------------------------------------------- what CUDA C gives to kernels

static inline void __syncthreads() { wait_at(0); }
static inline void __syncwarp(unsigned = ~0u) { wait_at(1 + current->warp); }
template <class V> static V from_lane(V mine, int lane) {
    V theirs;
    memcpy(&mailbox[current->warp][current->lane], &mine, sizeof(V));
    __syncwarp();
    memcpy(&theirs, &mailbox[current->warp][lane], sizeof(V));
    __syncwarp();
    return theirs;
}
template <class V> static V __shfl_xor_sync(unsigned, V x, int mask) { return from_lane(x, current->lane ^ mask); }
template <class V> static V __shfl_sync(unsigned, V x, int lane) { return from_lane(x, lane); }
template <class V> static V __shfl_down_sync(unsigned, V x, int by) { return from_lane(x, min(current->lane + by, 31)); }
template <class V> static V atomicAdd(V *place, V x) { V before = *place; *place += x; return before; }
static inline float rsqrt(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / std::sqrt(x); }
template <class V> static V cospi(V x) { return cos(x * V(M_PI)); }
template <class V> static V sinpi(V x) { return sin(x * V(M_PI)); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }

extern "C" void set_thread_order(int order) { thread_order = order; }
