#include "firmware/codegen/emit_resident.h"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "firmware/engine/engine.h"

namespace boardloop {
namespace {

// Tables of words that point at each other, in one piece of RAM.
class WordTable {
 public:
  explicit WordTable(uint32_t address) : address_(address) {}

  // Appends an array; returns its address, 0 (NULL) for an empty one.
  uint32_t Append(const std::vector<uint32_t>& words) {
    if (words.empty()) return 0;
    const uint32_t at = address_ + static_cast<uint32_t>(4 * words_.size());
    words_.insert(words_.end(), words.begin(), words.end());
    return at;
  }

  void Overwrite(uint32_t at, const std::vector<uint32_t>& words) {
    std::copy(words.begin(), words.end(), words_.begin() + (at - address_) / 4);
  }

  std::vector<uint8_t> Bytes() const {
    std::vector<uint8_t> bytes;
    bytes.reserve(4 * words_.size());
    for (uint32_t word : words_) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<uint8_t>(word >> shift));
      }
    }
    return bytes;
  }

 private:
  const uint32_t address_;
  std::vector<uint32_t> words_;
};

constexpr size_t kNetworkWords = 11;       // Members of bl_network.
constexpr int64_t kRealChannelBytes = 12;  // sizeof(bl_real_channel)

class ResidentWriter {
 public:
  ResidentWriter(const EngineProgram& program, const ResidentImage& image)
      : program_(program), image_(image), table_(image.table_address) {}

  absl::StatusOr<ResidentProgram> Write() {
    BL_RETURN_IF_ERROR(PlaceArena());
    const uint32_t network = table_.Append(std::vector<uint32_t>(kNetworkWords));
    std::vector<uint32_t> stages;
    for (const EngineStage& stage : program_.stages) BL_RETURN_IF_ERROR(AddStage(stage, stages));
    BL_ASSIGN_OR_RETURN(uint32_t run, Function("bl_run_stages"));
    table_.Overwrite(network, NetworkWords(run, table_.Append(stages)));
    ResidentProgram resident{network, image_.table_address, table_.Bytes()};
    BL_RETURN_IF_ERROR(CheckRoom(static_cast<int64_t>(resident.bytes.size())));
    return resident;
  }

 private:
  // Each region's part of the arena ends where the region ends.
  absl::Status PlaceArena() {
    for (size_t r = 0; r < program_.region_bytes.size(); ++r) {
      const int64_t needed = program_.region_bytes[r];
      const int64_t room = r < image_.region_end.size()
                               ? int64_t{image_.region_end[r]} - int64_t{image_.region_begin[r]}
                               : 0;
      if (needed > room) {
        return absl::ResourceExhaustedError(
            absl::StrFormat("region %d of the arena takes %d B, the resident image has %d B for "
                            "it: %d too few",
                            r, needed, room, needed - room));
      }
      arena_.push_back(needed == 0 ? 0
                                   : static_cast<uint32_t>(image_.region_end[r] - needed) & ~3u);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> Function(const std::string& name) const {
    auto it = image_.symbols.find(name);
    if (it == image_.symbols.end()) {
      return absl::NotFoundError(absl::StrFormat("the resident image has no %s", name));
    }
    return it->second | 1;  // Thumb, as all code of a Cortex-M.
  }

  uint32_t Address(const ArenaAddress& address) const {
    return arena_[address.region] + static_cast<uint32_t>(address.offset);
  }
  uint32_t Address(const std::optional<ArenaAddress>& address) const {
    return address.has_value() ? Address(*address) : 0;
  }

  // bl_network
  std::vector<uint32_t> NetworkWords(uint32_t run, uint32_t stages) const {
    const bool resident = program_.input_mode == InputMode::kResident;
    std::vector<uint32_t> words;
    Push(words,
         {BL_ENGINE_VERSION, static_cast<int64_t>(program_.steps.size()),
          resident ? Address(program_.input) : 0, program_.input_shape.height,
          program_.input_shape.width, program_.input_shape.channels, Address(program_.output),
          program_.output_bytes, run, stages, static_cast<int64_t>(program_.stages.size())});
    return words;
  }

  // bl_stage
  absl::Status AddStage(const EngineStage& stage, std::vector<uint32_t>& stages) {
    std::vector<uint32_t> calls;
    for (const EngineCall& call : stage.calls) {
      absl::Status status = AddCall(call, calls);
      if (!status.ok()) {
        return Annotate(status,
                        absl::StrFormat("step %d (%s)", call.step, program_.steps[call.step].name));
      }
    }
    const uint32_t calls_address = table_.Append(calls);
    const uint32_t rows = AddRanges(stage.input_rows);
    const uint32_t columns = AddRanges(stage.input_columns);
    Push(stages, {calls_address, static_cast<int64_t>(stage.calls.size()), stage.grid_rows,
                  stage.grid_columns, rows, columns, rows == 0 ? 0 : Address(stage.input_buffer)});
    return absl::OkStatus();
  }

  // bl_call
  absl::Status AddCall(const EngineCall& call, std::vector<uint32_t>& calls) {
    BL_ASSIGN_OR_RETURN(uint32_t kernel, Function(call.kernel));
    BL_ASSIGN_OR_RETURN(std::vector<uint32_t> params, ParamsWords(call));
    const uint32_t params_address = table_.Append(params);
    const uint32_t rows = AddAxes(call.rows);
    const uint32_t columns = AddAxes(call.columns);
    Push(calls, {kernel, params_address, static_cast<int64_t>(4 * params.size()), call.step, rows,
                 columns});
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<uint32_t>> ParamsWords(const EngineCall& call) {
    std::vector<uint32_t> words = GeometryWords(call.geometry);
    BL_ASSIGN_OR_RETURN(uint32_t data, PlaceData(call));
    for (const Field& field : call.fields) {
      if (IsRealChannels(call, field)) {
        Push(words, {PlaceRealChannels(call, field)});
      } else if (field.kind == Field::Kind::kData) {
        Push(words, {data + (field.value - call.data)});
      } else {
        Push(words, {field.value});
      }
    }
    return words;
  }

  // bl_geometry
  std::vector<uint32_t> GeometryWords(const Geometry& g) const {
    std::vector<uint32_t> words;
    Push(words, {Address(g.input), Address(g.second), Address(g.output), Address(g.scratch),
                 g.scratch_bytes, g.input_shape.height, g.input_shape.width, g.input_shape.channels,
                 g.output_shape.height, g.output_shape.width, g.output_shape.channels,
                 g.input_pitch, g.second_pitch, g.output_pitch, g.pad_top, g.pad_left});
    return words;
  }

  // Data without weights is what a kernel looks up or steps by: tables, indices, strides. Random
  // bytes would send it astray, so it goes into the table. All else is said to be in the blob: one
  // call after the other, from the start again when the end is reached. Calls get bytes of their
  // own as long as there are any: a cache has to load them as it would the real network's.
  absl::StatusOr<uint32_t> PlaceData(const EngineCall& call) {
    const int64_t bytes = call.data_bytes;
    if (call.weight_bytes == 0) return AddData(call.data, call.data_bytes);
    if (bytes > image_.constants_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("its weights and constants take %d B, the resident image has %d B of "
                          "them: %d too few",
                          bytes, image_.constants_bytes, bytes - image_.constants_bytes));
    }
    if (next_data_ + bytes > image_.constants_bytes) next_data_ = 0;
    const int64_t at = next_data_;
    next_data_ = (next_data_ + bytes + 3) / 4 * 4;
    return image_.constants_address + static_cast<uint32_t>(at);
  }

  // bl_real_channel[] of a fully connected layer. The kernel's time depends on the size of its
  // multipliers (real_scale.h), so the image has some of a usual size; what is more than those goes
  // into the table.
  static bool IsRealChannels(const EngineCall& call, const Field& field) {
    return field.name == "channels" && (call.params_type == "bl_fully_connected_params" ||
                                        call.params_type == "bl_fully_connected_dsp_params");
  }

  uint32_t PlaceRealChannels(const EngineCall& call, const Field& field) {
    const int64_t bytes = call.geometry.output_shape.channels * kRealChannelBytes;
    if (bytes <= image_.real_channels_bytes) return image_.real_channels_address;
    return AddData(field.value, bytes);
  }

  // A part of the program's constants, as it is.
  uint32_t AddData(int64_t begin, int64_t bytes) {
    std::vector<uint32_t> words((bytes + 3) / 4);
    for (int64_t i = 0; i < bytes; ++i) {
      words[i / 4] |= uint32_t{program_.constants[begin + i]} << (8 * (i % 4));
    }
    return table_.Append(words);
  }

  uint32_t AddAxes(const std::vector<TileAxis>& axes) {
    std::vector<uint32_t> words;
    for (const TileAxis& a : axes) {
      Push(words, {a.input_first, a.input_count, a.second_first, a.output_first, a.output_count,
                   a.pad, a.input_pitch, a.second_pitch, a.output_pitch});
    }
    return table_.Append(words);
  }

  uint32_t AddRanges(const std::vector<InputRange>& ranges) {
    std::vector<uint32_t> words;
    for (const InputRange& range : ranges) Push(words, {range.first, range.count});
    return table_.Append(words);
  }

  static void Push(std::vector<uint32_t>& words, std::initializer_list<int64_t> values) {
    for (int64_t value : values) words.push_back(static_cast<uint32_t>(value));
  }

  // The table touches no part of the arena.
  absl::Status CheckRoom(int64_t table_bytes) const {
    const int64_t begin = image_.table_address;
    const int64_t end = begin + table_bytes;
    int64_t limit = image_.table_end == 0 ? int64_t{1} << 32 : image_.table_end;
    for (size_t r = 0; r < arena_.size(); ++r) {
      const bool behind_table = program_.region_bytes[r] > 0 && image_.region_end[r] > begin;
      if (behind_table) limit = std::min<int64_t>(limit, arena_[r]);
    }
    if (end <= limit) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrFormat("the call table takes %d B, the arena leaves it %d B: %d too few",
                        table_bytes, limit - begin, end - limit));
  }

  const EngineProgram& program_;
  const ResidentImage& image_;
  WordTable table_;
  std::vector<uint32_t> arena_;  // Start of each region's part.
  int64_t next_data_ = 0;
};

}  // namespace

absl::StatusOr<ResidentProgram> EmitResident(const EngineProgram& program,
                                             const ResidentImage& image) {
  return ResidentWriter(program, image).Write();
}

}  // namespace boardloop
