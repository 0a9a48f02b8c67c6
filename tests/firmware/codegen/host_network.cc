#include "tests/firmware/codegen/host_network.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "firmware/engine/kernels.h"

namespace boardloop {
namespace {

constexpr size_t kGuardWords = 64;
constexpr uint32_t kGuard = 0xA5C3965A;

const std::map<std::string, bl_kernel>& Kernels() {
#define BL_NAMED(kernel) \
  { #kernel, kernel }
  static const auto* kernels = new std::map<std::string, bl_kernel>{
      BL_NAMED(bl_conv_s8),
      BL_NAMED(bl_conv_add_s8),
      BL_NAMED(bl_depthwise_s8),
      BL_NAMED(bl_fully_connected_s8),
      BL_NAMED(bl_add_s8),
      BL_NAMED(bl_add_broadcast_s8),
      BL_NAMED(bl_add_constant_s8),
      BL_NAMED(bl_mul_s8),
      BL_NAMED(bl_mul_broadcast_s8),
      BL_NAMED(bl_mul_constant_s8),
      BL_NAMED(bl_table_s8),
      BL_NAMED(bl_softmax_s8),
      BL_NAMED(bl_average_pool_s8),
      BL_NAMED(bl_max_pool_s8),
      BL_NAMED(bl_mean_s8),
      BL_NAMED(bl_pad_s8),
      BL_NAMED(bl_copy_s8),
      BL_NAMED(bl_concat_s8),
      BL_NAMED(bl_concat_constant_s8),
      BL_NAMED(bl_resize_nearest_s8),
  };
#undef BL_NAMED
  return *kernels;
}

// Appends a member as the host's compiler lays it out: at a multiple of its size.
template <typename T>
void AppendMember(T value, std::vector<uint8_t>& bytes) {
  bytes.resize((bytes.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T));
  const auto* begin = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(T));
}

// What the hooks see.
struct RunContext {
  const Shape& shape;
  absl::Span<const int8_t> input;
  bool bad_window = false;
};

void ReadInput(void* context, int32_t row, int32_t column, int32_t rows, int32_t columns,
               int8_t* destination) {
  auto& run = *static_cast<RunContext*>(context);
  if (row < 0 || column < 0 || rows < 1 || columns < 1 || row + rows > run.shape.height ||
      column + columns > run.shape.width) {
    run.bad_window = true;
    return;
  }
  const int32_t channels = run.shape.channels;
  for (int32_t y = row; y < row + rows; ++y) {
    const int8_t* from = run.input.data() + (y * run.shape.width + column) * channels;
    destination = std::copy_n(from, columns * channels, destination);
  }
}

// bl_hooks has no context for laps: one test runs at a time.
std::vector<int32_t>* laps_of_run = nullptr;
void Lap(int32_t step) { laps_of_run->push_back(step); }

bl_tile_axis ToC(const TileAxis& a) {
  return {a.input_first, a.input_count, a.second_first, a.output_first, a.output_count,
          a.pad,         a.input_pitch, a.second_pitch, a.output_pitch};
}

}  // namespace

HostNetwork::HostNetwork(const EngineProgram& program)
    : program_(program), constants_((program.constants.size() + 3) / 4) {
  std::copy(program.constants.begin(), program.constants.end(),
            reinterpret_cast<uint8_t*>(constants_.data()));
  for (int64_t bytes : program.region_bytes) {
    arenas_.emplace_back(2 * kGuardWords + (bytes + 3) / 4, kGuard);
  }
}

int8_t* HostNetwork::At(const ArenaAddress& address) {
  return reinterpret_cast<int8_t*>(arenas_[address.region].data() + kGuardWords) + address.offset;
}

std::vector<uint8_t> HostNetwork::ParamsBytes(const EngineCall& call) {
  const Geometry& g = call.geometry;
  bl_geometry geometry = {};
  geometry.input = At(g.input);
  geometry.second = g.second.has_value() ? At(*g.second) : nullptr;
  geometry.output = At(g.output);
  geometry.scratch = g.scratch.has_value() ? At(*g.scratch) : nullptr;
  geometry.scratch_bytes = g.scratch_bytes;
  geometry.input_height = g.input_shape.height;
  geometry.input_width = g.input_shape.width;
  geometry.input_channels = g.input_shape.channels;
  geometry.output_height = g.output_shape.height;
  geometry.output_width = g.output_shape.width;
  geometry.output_channels = g.output_shape.channels;
  geometry.input_pitch = g.input_pitch;
  geometry.second_pitch = g.second_pitch;
  geometry.output_pitch = g.output_pitch;
  geometry.pad_top = g.pad_top;
  geometry.pad_left = g.pad_left;
  const auto* begin = reinterpret_cast<const uint8_t*>(&geometry);
  std::vector<uint8_t> bytes(begin, begin + sizeof(geometry));
  for (const Field& field : call.fields) {
    if (field.kind == Field::Kind::kData) {
      AppendMember(reinterpret_cast<const uint8_t*>(constants_.data()) + field.value, bytes);
    } else {
      AppendMember(static_cast<int32_t>(field.value), bytes);
    }
  }
  return bytes;
}

absl::Status HostNetwork::AddCalls(const EngineStage& stage, std::vector<bl_call>& calls) {
  for (const EngineCall& call : stage.calls) {
    auto kernel = Kernels().find(call.kernel);
    if (kernel == Kernels().end()) return absl::NotFoundError("no portable kernel " + call.kernel);
    const std::vector<uint8_t> bytes = ParamsBytes(call);
    if (bytes.size() > BL_MAX_PARAMS_BYTES) {
      return absl::InternalError(call.params_type + " is too large for this host");
    }
    params_.emplace_back((bytes.size() + 7) / 8);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<uint8_t*>(params_.back().data()));
    bl_call c = {kernel->second,
                 params_.back().data(),
                 static_cast<int32_t>(bytes.size()),
                 call.step,
                 nullptr,
                 nullptr};
    if (!call.rows.empty()) {
      std::vector<bl_tile_axis>& rows = axes_.emplace_back();
      for (const TileAxis& axis : call.rows) rows.push_back(ToC(axis));
      std::vector<bl_tile_axis>& columns = axes_.emplace_back();
      for (const TileAxis& axis : call.columns) columns.push_back(ToC(axis));
      c.rows = rows.data();
      c.columns = columns.data();
    }
    calls.push_back(c);
  }
  return absl::OkStatus();
}

absl::Status HostNetwork::AddStages() {
  for (const EngineStage& stage : program_.stages) {
    std::vector<bl_call>& calls = calls_.emplace_back();
    BL_RETURN_IF_ERROR(AddCalls(stage, calls));
    bl_stage s = {};
    s.calls = calls.data();
    s.call_count = static_cast<int32_t>(calls.size());
    s.grid_rows = stage.grid_rows;
    s.grid_columns = stage.grid_columns;
    if (!stage.input_rows.empty()) {
      std::vector<bl_input_range>& rows = ranges_.emplace_back();
      for (const InputRange& range : stage.input_rows) rows.push_back({range.first, range.count});
      std::vector<bl_input_range>& columns = ranges_.emplace_back();
      for (const InputRange& range : stage.input_columns) {
        columns.push_back({range.first, range.count});
      }
      s.input_rows = rows.data();
      s.input_columns = columns.data();
      s.input_buffer = At(stage.input_buffer);
    }
    stages_.push_back(s);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<HostNetwork>> HostNetwork::Create(const EngineProgram& program) {
  std::unique_ptr<HostNetwork> host(new HostNetwork(program));
  BL_RETURN_IF_ERROR(host->AddStages());
  host->network_.stages = host->stages_.data();
  host->network_.stage_count = static_cast<int32_t>(host->stages_.size());
  return host;
}

absl::StatusOr<HostNetwork::Run> HostNetwork::RunOnce(absl::Span<const int8_t> input) {
  for (size_t r = 0; r < arenas_.size(); ++r) {
    auto* bytes = reinterpret_cast<uint8_t*>(arenas_[r].data() + kGuardWords);
    for (int64_t i = 0; i < program_.region_bytes[r]; ++i) bytes[i] = static_cast<uint8_t>(77 * i);
  }
  Run run;
  RunContext context{program_.input_shape, input};
  laps_of_run = &run.laps;
  if (program_.input_mode == InputMode::kResident) {
    std::copy(input.begin(), input.end(), At(program_.input));
  }
  const bl_hooks hooks = {ReadInput, &context, Lap};
  bl_run_stages(&network_, &hooks);
  if (context.bad_window) return absl::InternalError("a window outside the input was asked for");
  for (size_t r = 0; r < arenas_.size(); ++r) {
    const std::vector<uint32_t>& arena = arenas_[r];
    const auto is_guard = [](uint32_t word) { return word == kGuard; };
    if (!std::all_of(arena.begin(), arena.begin() + kGuardWords, is_guard) ||
        !std::all_of(arena.end() - kGuardWords, arena.end(), is_guard)) {
      return absl::InternalError(absl::StrFormat("written outside region %d of the arena", r));
    }
  }
  run.output.assign(At(program_.output), At(program_.output) + program_.output_bytes);
  return run;
}

}  // namespace boardloop
