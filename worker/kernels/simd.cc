// The loops of worker/kernels, compiled once for each instruction set: BL_VARIANT names the function that returns
// them, BL_LANES is the number of floats in a vector register. Vectors are those of the compilers' vector
// extensions, along channels, which lie innermost in memory.
//
// Nothing of the standard library is instantiated here: an inline function compiled for a new processor could
// otherwise be the copy that the linker keeps for all.
#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

template <int kLanes>
struct VectorOf {
  typedef float Type __attribute__((vector_size(4 * kLanes)));
};
template <>
struct VectorOf<1> {
  using Type = float;
};

template <int kLanes>
using Vec = typename VectorOf<kLanes>::Type;

template <int kLanes>
inline Vec<kLanes> Load(const float* from) {
  Vec<kLanes> value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

template <int kLanes>
inline void Store(float* to, Vec<kLanes> value) {
  __builtin_memcpy(to, &value, sizeof(value));
}

template <int kLanes>
inline Vec<kLanes> Fill(float x) {
  return x -
         Vec<kLanes>{};  // Not 0 + x, which is another number for x = -0 and therefore an addition.
}

// An OutputMap's bias, from which sums begin, and its clamp.
template <int kLanes>
inline Vec<kLanes> BiasOf(const OutputMap& map, int64_t c) {
  return map.bias != nullptr ? Load<kLanes>(map.bias + c) : Vec<kLanes>{};
}

template <int kLanes>
struct Clamp {
  Vec<kLanes> low, high;

  explicit Clamp(const ClampRange& range)
      : low(Fill<kLanes>(range.low)), high(Fill<kLanes>(range.high)) {}

  inline Vec<kLanes> operator()(Vec<kLanes> x) const {
    x = x < low ? low : x;  // A NaN stays one.
    return x > high ? high : x;
  }
};

template <int kLanes>
struct Epilogue {
  Vec<kLanes> bias;
  Clamp<kLanes> clamp;

  Epilogue(const OutputMap& map, int64_t c) : bias(BiasOf<kLanes>(map, c)), clamp(map.range) {}
};

// Calls body.template Run<lanes>(first channel) for blocks that cover [c, channels): whole registers, then
// smaller ones for the rest.
template <typename Body>
inline void ForChannelBlocks(int64_t c, int64_t channels, const Body& body) {
  for (; c + BL_LANES <= channels; c += BL_LANES) body.template Run<BL_LANES>(c);
#if BL_LANES > 8
  for (; c + 8 <= channels; c += 8) body.template Run<8>(c);
#endif
#if BL_LANES > 4
  for (; c + 4 <= channels; c += 4) body.template Run<4>(c);
#endif
  for (; c < channels; ++c) body.template Run<1>(c);
}

// ---- Batch norm. Rows are taken in chunks that stay in the first-level cache while the channel blocks go over
// them; sums over a chunk are float, over all of them double.

constexpr int64_t kChunkFloats = 4096;

inline int64_t ChunkRows(int64_t channels) {
  return channels >= kChunkFloats ? 1 : kChunkFloats / channels;
}

template <int kLanes>
inline void AddToDoubles(Vec<kLanes> values, double* sums) {
  float lanes[kLanes];
  Store<kLanes>(lanes, values);
  for (int i = 0; i < kLanes; ++i) sums[i] += lanes[i];
}

struct ChunkMoments {
  const float *shifts, *x;
  int64_t rows, channels;
  double *sums, *square_sums;

  template <int kLanes>
  void Run(int64_t c) const {
    const Vec<kLanes> shift = Load<kLanes>(shifts + c);
    Vec<kLanes> sum0{}, sum1{}, square0{}, square1{};
    int64_t r = 0;
    for (; r + 2 <= rows; r += 2) {
      const Vec<kLanes> a = Load<kLanes>(x + r * channels + c) - shift;
      const Vec<kLanes> b = Load<kLanes>(x + (r + 1) * channels + c) - shift;
      sum0 += a;
      sum1 += b;
      square0 += a * a;
      square1 += b * b;
    }
    if (r < rows) {
      const Vec<kLanes> a = Load<kLanes>(x + r * channels + c) - shift;
      sum0 += a;
      square0 += a * a;
    }
    AddToDoubles<kLanes>(sum0 + sum1, sums + c);
    AddToDoubles<kLanes>(square0 + square1, square_sums + c);
  }
};

void AddMomentSums(const float* x, int64_t rows, int64_t channels, const float* shift, double* sums,
                   double* square_sums) {
  const int64_t chunk = ChunkRows(channels);
  for (int64_t r = 0; r < rows; r += chunk) {
    const int64_t count = rows - r < chunk ? rows - r : chunk;
    ForChannelBlocks(0, channels,
                     ChunkMoments{shift, x + r * channels, count, channels, sums, square_sums});
  }
}

struct ScaleShift {
  const float* x;
  int64_t rows, channels;
  const float *scale, *shift;
  float low, high;
  float* y;

  template <int kLanes>
  void Run(int64_t c) const {
    const Vec<kLanes> a = Load<kLanes>(scale + c), b = Load<kLanes>(shift + c);
    const Clamp<kLanes> clamp({low, high});
    for (int64_t r = 0; r < rows; ++r) {
      Store<kLanes>(y + r * channels + c, clamp(Load<kLanes>(x + r * channels + c) * a + b));
    }
  }
};

void RunScaleShiftClamp(const float* x, int64_t rows, int64_t channels, const float* scale,
                        const float* shift, float low, float high, float* y) {
  const int64_t chunk = ChunkRows(channels);
  for (int64_t r = 0; r < rows; r += chunk) {
    const int64_t count = rows - r < chunk ? rows - r : chunk;
    ForChannelBlocks(
        0, channels,
        ScaleShift{x + r * channels, count, channels, scale, shift, low, high, y + r * channels});
  }
}

// What both passes of the gradient read.
struct GradientInputs {
  const float *x, *grad_y;
  int64_t rows, channels;
  const float *mean, *inv_std, *scale, *shift;
  float low, high;

  GradientInputs From(int64_t row, int64_t count) const {
    GradientInputs part = *this;
    part.x += row * channels;
    part.grad_y += row * channels;
    part.rows = count;
    return part;
  }
};

// The gradient where the clamp lets it through.
template <int kLanes>
inline Vec<kLanes> Passing(Vec<kLanes> grad, Vec<kLanes> y, Vec<kLanes> low, Vec<kLanes> high) {
  const Vec<kLanes> above = y > low ? grad : Vec<kLanes>{};
  return y < high ? above : Vec<kLanes>{};
}

struct GradientSums {
  GradientInputs in;
  double *grad_sums, *product_sums;

  template <int kLanes>
  void Run(int64_t c) const {
    const Vec<kLanes> mean = Load<kLanes>(in.mean + c), inv_std = Load<kLanes>(in.inv_std + c);
    const Vec<kLanes> scale = Load<kLanes>(in.scale + c), shift = Load<kLanes>(in.shift + c);
    const Vec<kLanes> low = Fill<kLanes>(in.low), high = Fill<kLanes>(in.high);
    Vec<kLanes> grads{}, products{};
    for (int64_t r = 0; r < in.rows; ++r) {
      const Vec<kLanes> x = Load<kLanes>(in.x + r * in.channels + c);
      const Vec<kLanes> g = Passing<kLanes>(Load<kLanes>(in.grad_y + r * in.channels + c),
                                            x * scale + shift, low, high);
      grads += g;
      products += g * ((x - mean) * inv_std);
    }
    AddToDoubles<kLanes>(grads, grad_sums + c);
    AddToDoubles<kLanes>(products, product_sums + c);
  }
};

void AddGradientSums(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                     const float* mean, const float* inv_std, const float* scale,
                     const float* shift, float low, float high, double* grad_sums,
                     double* product_sums) {
  const GradientInputs in{x, grad_y, rows, channels, mean, inv_std, scale, shift, low, high};
  const int64_t chunk = ChunkRows(channels);
  for (int64_t r = 0; r < rows; r += chunk) {
    const int64_t count = rows - r < chunk ? rows - r : chunk;
    ForChannelBlocks(0, channels, GradientSums{in.From(r, count), grad_sums, product_sums});
  }
}

struct InputGradient {
  GradientInputs in;
  const float *mean_grad, *mean_product;
  float* grad_x;

  template <int kLanes>
  void Run(int64_t c) const {
    const Vec<kLanes> mean = Load<kLanes>(in.mean + c), inv_std = Load<kLanes>(in.inv_std + c);
    const Vec<kLanes> scale = Load<kLanes>(in.scale + c), shift = Load<kLanes>(in.shift + c);
    const Vec<kLanes> low = Fill<kLanes>(in.low), high = Fill<kLanes>(in.high);
    const Vec<kLanes> grad_mean = Load<kLanes>(mean_grad + c);
    const Vec<kLanes> product_mean = Load<kLanes>(mean_product + c);
    for (int64_t r = 0; r < in.rows; ++r) {
      const Vec<kLanes> x = Load<kLanes>(in.x + r * in.channels + c);
      const Vec<kLanes> g = Passing<kLanes>(Load<kLanes>(in.grad_y + r * in.channels + c),
                                            x * scale + shift, low, high);
      const Vec<kLanes> x_hat = (x - mean) * inv_std;
      Store<kLanes>(grad_x + r * in.channels + c, scale * (g - grad_mean - x_hat * product_mean));
    }
  }
};

void RunInputGradient(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                      const float* mean, const float* inv_std, const float* scale,
                      const float* shift, float low, float high, const float* mean_grad,
                      const float* mean_product, float* grad_x) {
  const GradientInputs in{x, grad_y, rows, channels, mean, inv_std, scale, shift, low, high};
  const int64_t chunk = ChunkRows(channels);
  for (int64_t r = 0; r < rows; r += chunk) {
    const int64_t count = rows - r < chunk ? rows - r : chunk;
    ForChannelBlocks(
        0, channels,
        InputGradient{in.From(r, count), mean_grad, mean_product, grad_x + r * channels});
  }
}

// ---- Depthwise convolution. One block of channels of one image at a time is copied, with its padding, to where
// its channels lie side by side: the inner loops then have no bounds and read a few kB.

// A block's plane: [height][width][kLanes].
struct Plane {
  float* values;
  int64_t height, width;
};

// The block from channel c of an image, in the middle of zeros.
template <int kLanes>
inline void CopyPadded(const float* image, int64_t height, int64_t width, int64_t channels,
                       int64_t padding, const Plane& to) {
  float* out = to.values;
  for (int64_t y = -padding; y < to.height - padding; ++y) {
    if (y < 0 || y >= height) {
      for (int64_t i = 0; i < to.width; ++i, out += kLanes) Store<kLanes>(out, Vec<kLanes>{});
      continue;
    }
    const float* from = image + y * width * channels;
    for (int64_t i = 0; i < padding; ++i, out += kLanes) Store<kLanes>(out, Vec<kLanes>{});
    for (int64_t x = 0; x < width; ++x, out += kLanes, from += channels) {
      Store<kLanes>(out, Load<kLanes>(from));
    }
    for (int64_t i = padding + width; i < to.width; ++i, out += kLanes) {
      Store<kLanes>(out, Vec<kLanes>{});
    }
  }
}

// A correlation: where it reads (a plane), its taps, and where it writes (an image).
struct Correlation {
  const float* source;  // The window of the first output, in a plane...
  int64_t source_row;   // ...whose rows are so many floats apart,
  int64_t step_row;     // windows of successive output rows so many,
  int64_t step;         // and windows of successive output columns.
  const float* taps;    // [taps_h][taps_w][kLanes]
  int64_t taps_h, taps_w;
  float* out;  // Of the first output.
  int64_t out_row, out_step;
  int64_t out_height, out_width;
};

// kPixels outputs side by side share each load of a tap.
template <int kLanes>
struct AnyTaps {
  template <int kPixels>
  static inline void Run(const Correlation& job, const Epilogue<kLanes>& epilogue,
                         const float* window, float* out) {
    Vec<kLanes> sums[kPixels];
    for (int p = 0; p < kPixels; ++p) sums[p] = epilogue.bias;
    const float* tap = job.taps;
    for (int64_t y = 0; y < job.taps_h; ++y, window += job.source_row) {
      const float* from = window;
      for (int64_t x = 0; x < job.taps_w; ++x, from += kLanes, tap += kLanes) {
        const Vec<kLanes> weight = Load<kLanes>(tap);
        for (int p = 0; p < kPixels; ++p) sums[p] += weight * Load<kLanes>(from + p * job.step);
      }
    }
    for (int p = 0; p < kPixels; ++p) {
      Store<kLanes>(out + p * job.out_step, epilogue.clamp(sums[p]));
    }
  }
};

// The same sums in the same order, with each value of the plane loaded once for all taps of a row: loads, not
// multiplications, are what AnyTaps waits for. taps_w is kTaps, step is kStep * kLanes.
template <int kLanes, int kTaps, int kStep>
struct FixedTaps {
  template <int kPixels>
  static inline void Run(const Correlation& job, const Epilogue<kLanes>& epilogue,
                         const float* window, float* out) {
    constexpr int kValues = (kPixels - 1) * kStep + kTaps;
    Vec<kLanes> sums[kPixels];
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) sums[p] = epilogue.bias;
    const float* tap = job.taps;
    for (int64_t y = 0; y < job.taps_h; ++y, window += job.source_row, tap += kTaps * kLanes) {
      Vec<kLanes> values[kValues];
#pragma GCC unroll 32
      for (int i = 0; i < kValues; ++i) values[i] = Load<kLanes>(window + i * kLanes);
#pragma GCC unroll 8
      for (int x = 0; x < kTaps; ++x) {
        const Vec<kLanes> weight = Load<kLanes>(tap + x * kLanes);
#pragma GCC unroll 8
        for (int p = 0; p < kPixels; ++p) sums[p] += weight * values[p * kStep + x];
      }
    }
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
      Store<kLanes>(out + p * job.out_step, epilogue.clamp(sums[p]));
    }
  }
};

template <int kLanes, typename Taps, int kPixels>
inline int64_t CorrelateWhile(const Correlation& job, const Epilogue<kLanes>& epilogue, int64_t x,
                              const float* window, float* out) {
  for (; x + kPixels <= job.out_width; x += kPixels) {
    Taps::template Run<kPixels>(job, epilogue, window + x * job.step, out + x * job.out_step);
  }
  return x;
}

template <int kLanes, typename Taps>
void CorrelateRows(const Correlation& job, const Epilogue<kLanes>& epilogue) {
  // 7, 14 and 28 are common widths: blocks of seven leave no rest there.
  const bool sevens = job.out_width % 8 != 0 && job.out_width % 7 == 0;
  for (int64_t y = 0; y < job.out_height; ++y) {
    const float* window = job.source + y * job.step_row;
    float* out = job.out + y * job.out_row;
    int64_t x = 0;
    if (sevens) x = CorrelateWhile<kLanes, Taps, 7>(job, epilogue, x, window, out);
    x = CorrelateWhile<kLanes, Taps, 8>(job, epilogue, x, window, out);
    x = CorrelateWhile<kLanes, Taps, 4>(job, epilogue, x, window, out);
    x = CorrelateWhile<kLanes, AnyTaps<kLanes>, 2>(job, epilogue, x, window, out);
    CorrelateWhile<kLanes, AnyTaps<kLanes>, 1>(job, epilogue, x, window, out);
  }
}

template <int kLanes, int kStep>
inline void CorrelateStep(const Correlation& job, const Epilogue<kLanes>& epilogue) {
  switch (job.taps_w) {
    case 3:
      return CorrelateRows<kLanes, FixedTaps<kLanes, 3, kStep>>(job, epilogue);
    case 5:
      return CorrelateRows<kLanes, FixedTaps<kLanes, 5, kStep>>(job, epilogue);
    case 7:
      return CorrelateRows<kLanes, FixedTaps<kLanes, 7, kStep>>(job, epilogue);
    default:
      return CorrelateRows<kLanes, AnyTaps<kLanes>>(job, epilogue);
  }
}

template <int kLanes>
inline void Correlate(const Correlation& job, const Epilogue<kLanes>& epilogue) {
  if (job.step == kLanes) return CorrelateStep<kLanes, 1>(job, epilogue);
  if (job.step == 2 * kLanes) return CorrelateStep<kLanes, 2>(job, epilogue);
  CorrelateRows<kLanes, AnyTaps<kLanes>>(job, epilogue);
}

// The scratch: a plane, a second one (filter gradients), then a block's taps.
struct Scratch {
  float *plane, *second, *taps;
};

inline int64_t PlanePadding(const DepthwiseShape& shape) { return shape.kernel / 2 + 1; }

inline Scratch Split(const DepthwiseShape& shape, float* scratch) {
  const int64_t padding = PlanePadding(shape);
  const int64_t plane = (shape.height + 2 * padding) * (shape.width + 2 * padding) * BL_LANES;
  return {scratch, scratch + plane, scratch + 2 * plane};
}

struct Forward {
  const DepthwiseShape& shape;
  const float *x, *filter;
  const OutputMap& map;
  float* y;
  Scratch scratch;

  template <int kLanes>
  void Run(int64_t c) const {
    const int64_t kernel = shape.kernel, padding = kernel / 2, channels = shape.channels;
    const Epilogue<kLanes> epilogue(map, c);
    const Plane plane{scratch.plane, shape.height + 2 * padding, shape.width + 2 * padding};
    for (int64_t t = 0; t < kernel * kernel; ++t) {
      Store<kLanes>(scratch.taps + t * kLanes, Load<kLanes>(filter + t * channels + c));
    }
    const int64_t out_h = shape.output_height(), out_w = shape.output_width();
    const int64_t row = plane.width * kLanes;
    for (int64_t n = 0; n < shape.images; ++n) {
      CopyPadded<kLanes>(x + n * shape.height * shape.width * channels + c, shape.height,
                         shape.width, channels, padding, plane);
      Correlate<kLanes>(
          {plane.values, row, shape.stride * row, shape.stride * kLanes, scratch.taps, kernel,
           kernel, y + n * out_h * out_w * channels + c, out_w * channels, channels, out_h, out_w},
          epilogue);
    }
  }
};

// Along one axis, inputs i with (i + padding) % stride == phase get their gradient from the taps phase,
// phase + stride, ...: input first + stride * k from the outputs base + k ... base + k + taps - 1, the last
// tap first. How many such inputs, and where they begin.
struct Phase {
  int64_t taps, first, base, count;
};

inline Phase PhaseOf(int64_t phase, int64_t extent, int64_t kernel, int64_t stride) {
  const int64_t padding = kernel / 2;
  Phase result{};
  result.taps = phase < kernel ? (kernel - phase + stride - 1) / stride : 0;
  const int64_t lowest = padding > phase ? (padding - phase + stride - 1) / stride : 0;
  result.first = lowest * stride + phase - padding;
  result.base = lowest - (result.taps - 1);
  result.count = result.first < extent ? (extent - 1 - result.first) / stride + 1 : 0;
  return result;
}

struct BackwardInput {
  const DepthwiseShape& shape;
  const float *grad_y, *filter;
  float* grad_x;
  Scratch scratch;

  // The taps of a phase, the last first.
  template <int kLanes>
  void GatherTaps(const Phase& rows, int64_t row_phase, const Phase& columns, int64_t column_phase,
                  int64_t c) const {
    float* to = scratch.taps;
    for (int64_t j = rows.taps - 1; j >= 0; --j) {
      for (int64_t i = columns.taps - 1; i >= 0; --i, to += kLanes) {
        const int64_t tap =
            (row_phase + j * shape.stride) * shape.kernel + column_phase + i * shape.stride;
        Store<kLanes>(to, Load<kLanes>(filter + tap * shape.channels + c));
      }
    }
  }

  // Inputs that no output reads, where the stride exceeds the kernel.
  template <int kLanes>
  void Clear(float* image, const Phase& rows, const Phase& columns) const {
    for (int64_t y = 0; y < rows.count; ++y) {
      for (int64_t x = 0; x < columns.count; ++x) {
        const int64_t pixel =
            (rows.first + y * shape.stride) * shape.width + columns.first + x * shape.stride;
        Store<kLanes>(image + pixel * shape.channels, Vec<kLanes>{});
      }
    }
  }

  template <int kLanes>
  void Run(int64_t c) const {
    const int64_t channels = shape.channels, stride = shape.stride;
    const int64_t out_h = shape.output_height(), out_w = shape.output_width();
    const int64_t padding = PlanePadding(shape);
    const Plane plane{scratch.plane, out_h + 2 * padding, out_w + 2 * padding};
    const int64_t row = plane.width * kLanes;
    for (int64_t n = 0; n < shape.images; ++n) {
      CopyPadded<kLanes>(grad_y + n * out_h * out_w * channels + c, out_h, out_w, channels, padding,
                         plane);
      float* image = grad_x + n * shape.height * shape.width * channels + c;
      for (int64_t py = 0; py < stride; ++py) {
        const Phase rows = PhaseOf(py, shape.height, shape.kernel, stride);
        for (int64_t px = 0; px < stride; ++px) {
          const Phase columns = PhaseOf(px, shape.width, shape.kernel, stride);
          if (rows.taps <= 0 || columns.taps <= 0) {
            Clear<kLanes>(image, rows, columns);
            continue;
          }
          GatherTaps<kLanes>(rows, py, columns, px, c);
          const float* window =
              plane.values + (rows.base + padding) * row + (columns.base + padding) * kLanes;
          Correlate<kLanes>(
              {window, row, row, kLanes, scratch.taps, rows.taps, columns.taps,
               image + (rows.first * shape.width + columns.first) * channels,
               stride * shape.width * channels, stride * channels, rows.count, columns.count},
              Epilogue<kLanes>(OutputMap(), 0));
        }
      }
    }
  }
};

struct BackwardFilter {
  const DepthwiseShape& shape;
  const float *x, *grad_y;
  float* grad_filter;
  Scratch scratch;

  // Adds the gradients of kTaps taps of one row of the filter, from column `first` on.
  template <int kLanes, int kTaps>
  void AddTaps(const Plane& plane, const float* grads, int64_t tap_row, int64_t first,
               float* sums) const {
    Vec<kLanes> sum[kTaps] = {};
    const int64_t out_h = shape.output_height(), out_w = shape.output_width();
    for (int64_t oy = 0; oy < out_h; ++oy) {
      const float* from =
          plane.values + ((oy * shape.stride + tap_row) * plane.width + first) * kLanes;
      for (int64_t ox = 0; ox < out_w; ++ox, from += shape.stride * kLanes, grads += kLanes) {
        const Vec<kLanes> grad = Load<kLanes>(grads);
        for (int t = 0; t < kTaps; ++t) sum[t] += grad * Load<kLanes>(from + t * kLanes);
      }
    }
    for (int t = 0; t < kTaps; ++t) {
      float* to = sums + (tap_row * shape.kernel + first + t) * kLanes;
      Store<kLanes>(to, Load<kLanes>(to) + sum[t]);
    }
  }

  template <int kLanes>
  void AddTapRow(const Plane& plane, int64_t tap_row, float* sums) const {
    int64_t first = 0;
    for (; first + 7 <= shape.kernel; first += 7) {
      AddTaps<kLanes, 7>(plane, scratch.second, tap_row, first, sums);
    }
    for (; first + 5 <= shape.kernel; first += 5) {
      AddTaps<kLanes, 5>(plane, scratch.second, tap_row, first, sums);
    }
    for (; first + 3 <= shape.kernel; first += 3) {
      AddTaps<kLanes, 3>(plane, scratch.second, tap_row, first, sums);
    }
    for (; first < shape.kernel; ++first) {
      AddTaps<kLanes, 1>(plane, scratch.second, tap_row, first, sums);
    }
  }

  template <int kLanes>
  void Run(int64_t c) const {
    const int64_t kernel = shape.kernel, padding = kernel / 2, channels = shape.channels;
    const Plane plane{scratch.plane, shape.height + 2 * padding, shape.width + 2 * padding};
    const int64_t out_h = shape.output_height(), out_w = shape.output_width();
    float* sums = scratch.taps;
    for (int64_t t = 0; t < kernel * kernel; ++t) Store<kLanes>(sums + t * kLanes, Vec<kLanes>{});
    for (int64_t n = 0; n < shape.images; ++n) {
      CopyPadded<kLanes>(x + n * shape.height * shape.width * channels + c, shape.height,
                         shape.width, channels, padding, plane);
      CopyPadded<kLanes>(grad_y + n * out_h * out_w * channels + c, out_h, out_w, channels, 0,
                         {scratch.second, out_h, out_w});
      for (int64_t tap_row = 0; tap_row < kernel; ++tap_row) {
        AddTapRow<kLanes>(plane, tap_row, sums);
      }
    }
    for (int64_t t = 0; t < kernel * kernel; ++t) {
      Store<kLanes>(grad_filter + t * channels + c, Load<kLanes>(sums + t * kLanes));
    }
  }
};

void RunForward(const DepthwiseShape& shape, const float* x, const float* filter,
                const OutputMap& map, float* y, float* scratch) {
  ForChannelBlocks(0, shape.channels, Forward{shape, x, filter, map, y, Split(shape, scratch)});
}

void RunBackwardInput(const DepthwiseShape& shape, const float* grad_y, const float* filter,
                      float* grad_x, float* scratch) {
  ForChannelBlocks(0, shape.channels,
                   BackwardInput{shape, grad_y, filter, grad_x, Split(shape, scratch)});
}

void RunBackwardFilter(const DepthwiseShape& shape, const float* x, const float* grad_y,
                       float* grad_filter, float* scratch) {
  ForChannelBlocks(0, shape.channels,
                   BackwardFilter{shape, x, grad_y, grad_filter, Split(shape, scratch)});
}

// ---- Convolution over all channels: a matrix product with a few dozen columns at most, which general routines are
// slow at. Pointwise, all pixels are one row.

struct Product {
  const ConvolutionShape& shape;
  const float *x, *filter;
  const OutputMap& map;
  float* y;

  // kPixels outputs side by side share each load of a tap, kBlocks registers of channels each load of an input.
  template <int kLanes, int kBlocks, int kPixels>
  inline void RunPixels(const float* window, float* out, int64_t c) const {
    const int64_t step = shape.stride * shape.in, row = shape.width * shape.in;
    const int64_t taps = shape.kernel_w * shape.in;
    const float* weights = filter + c;
    Vec<kLanes> sums[kBlocks][kPixels];
#pragma GCC unroll 2
    for (int b = 0; b < kBlocks; ++b) {
      const Vec<kLanes> bias = BiasOf<kLanes>(map, c + b * kLanes);
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) sums[b][p] = bias;
    }
    for (int64_t tap_row = 0; tap_row < shape.kernel_h; ++tap_row, window += row) {
      const float* from = window;
      for (int64_t tap = 0; tap < taps; ++tap, ++from, weights += shape.out) {
        Vec<kLanes> weight[kBlocks];
#pragma GCC unroll 2
        for (int b = 0; b < kBlocks; ++b) weight[b] = Load<kLanes>(weights + b * kLanes);
#pragma GCC unroll 8
        for (int p = 0; p < kPixels; ++p) {
          const Vec<kLanes> input = Fill<kLanes>(from[p * step]);
#pragma GCC unroll 2
          for (int b = 0; b < kBlocks; ++b) sums[b][p] += weight[b] * input;
        }
      }
    }
    const Clamp<kLanes> clamp(map.range);
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 2
      for (int b = 0; b < kBlocks; ++b) {
        Store<kLanes>(out + p * shape.out + b * kLanes, clamp(sums[b][p]));
      }
    }
  }

  template <int kLanes, int kBlocks>
  void RunBlocks(int64_t c) const {
    const int64_t step = shape.stride * shape.in;
    const int64_t out_h = shape.output_height(), out_w = shape.output_width();
    for (int64_t row = 0; row < out_h; ++row) {
      const float* window = x + row * shape.stride * shape.width * shape.in;
      float* out = y + row * out_w * shape.out + c;
      int64_t i = 0;
      for (; i + 8 <= out_w; i += 8) {
        RunPixels<kLanes, kBlocks, 8>(window + i * step, out + i * shape.out, c);
      }
      for (; i + 4 <= out_w; i += 4) {
        RunPixels<kLanes, kBlocks, 4>(window + i * step, out + i * shape.out, c);
      }
      for (; i < out_w; ++i) {
        RunPixels<kLanes, kBlocks, 1>(window + i * step, out + i * shape.out, c);
      }
    }
  }

  template <int kLanes>
  void Run(int64_t c) const {
    RunBlocks<kLanes, 1>(c);
  }
};

void RunConvolution(const ConvolutionShape& shape, const float* x, const float* filter,
                    const OutputMap& map, float* y) {
  const Product product{shape, x, filter, map, y};
  int64_t c = 0;
#if BL_LANES > 8  // With sixteen registers, two blocks of eight pixels do not fit.
  for (; c + 2 * BL_LANES <= shape.out; c += 2 * BL_LANES) product.RunBlocks<BL_LANES, 2>(c);
#endif
  ForChannelBlocks(c, shape.out, product);
}

// ---- Requantization. Plain loops, which compilers vectorize; fixed_point.h of core/quant says why each step is
// what it is, and tests/worker/kernels/requantize_test.cc holds the two together. Its inline functions must not be
// used here (see the top).

inline int32_t RequantizeOne(int32_t acc, int32_t mantissa, int32_t left, int32_t right) {
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(acc) << left);
  const auto high = static_cast<int32_t>((int64_t{shifted} * mantissa + (int64_t{1} << 30)) >> 31);
  const auto mask = static_cast<int32_t>((uint32_t{1} << right) - 1);
  const int32_t threshold = (mask >> 1) + static_cast<int32_t>(high < 0);
  return (high >> right) + static_cast<int32_t>((high & mask) > threshold);
}

void RunRequantize(const float* sums, int64_t rows, int64_t channels, const int32_t* bias,
                   const int32_t* mantissa, const int32_t* shift, int32_t zero_point, int32_t min,
                   int32_t max, float* y) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* in = sums + r * channels;
    float* out = y + r * channels;
    // No value depends on another: `in` and `out` are one or do not overlap.
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) {
      const int32_t left = shift[c] > 0 ? shift[c] : 0;
      const int32_t right = shift[c] > 0 ? 0 : -shift[c];
      const int32_t product =
          RequantizeOne(static_cast<int32_t>(in[c]) + bias[c], mantissa[c], left, right);
      auto q =
          static_cast<int32_t>(static_cast<uint32_t>(product) + static_cast<uint32_t>(zero_point));
      q = q < min ? min : q;
      q = q > max ? max : q;
      out[c] = static_cast<float>(q - zero_point);
    }
  }
}

#define BL_STRING_INNER(text) #text
#define BL_STRING(text) BL_STRING_INNER(text)

constexpr Variant kVariant = {BL_STRING(BL_VARIANT), AddMomentSums,     RunScaleShiftClamp,
                              AddGradientSums,       RunInputGradient,  RunForward,
                              RunBackwardInput,      RunBackwardFilter, RunConvolution,
                              RunRequantize};

}  // namespace

const Variant* BL_VARIANT() { return &kVariant; }

}  // namespace boardloop::kernels
