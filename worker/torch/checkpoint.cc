#include "worker/torch/checkpoint.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/presets/check_training.h"
#include "worker/torch/parameter_layout.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

using Header = v1::CheckpointHeader;

constexpr char kMagic[] = "BLCKPT01";  // Format and version.
constexpr size_t kMagicBytes = 8;
constexpr size_t kHashBytes = 16;
constexpr int64_t kMaxHeaderBytes = int64_t{16} << 20;
constexpr int64_t kMaxBytes = int64_t{8} << 30;

void AppendNumber(std::string& bytes, uint64_t number) {
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
}

uint64_t NumberAt(const std::string& bytes, size_t position) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) {
    number |= uint64_t{static_cast<uint8_t>(bytes[position + i])} << (8 * i);
  }
  return number;
}

void AppendHash(std::string& bytes) {
  const Hash128 hash = HashBytes(bytes);
  AppendNumber(bytes, hash.high);
  AppendNumber(bytes, hash.low);
}

absl::Status CheckHash(const std::string& bytes, const std::string& source) {
  const size_t end = bytes.size() - kHashBytes;
  const Hash128 hash = HashBytes(bytes.substr(0, end));
  if (hash.high == NumberAt(bytes, end) && hash.low == NumberAt(bytes, end + 8)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(source, " is damaged: its hash does not fit its content"));
}

std::vector<std::pair<Header::Tensor, const at::Tensor*>> TensorsOf(const Checkpoint& checkpoint) {
  return {{Header::WEIGHTS, &checkpoint.weights},
          {Header::MOMENTUM, &checkpoint.momentum},
          {Header::AVERAGE, &checkpoint.average},
          {Header::TEACHER, &checkpoint.teacher}};
}

at::Tensor* TensorOf(Checkpoint& checkpoint, int which) {
  switch (which) {
    case Header::WEIGHTS:
      return &checkpoint.weights;
    case Header::MOMENTUM:
      return &checkpoint.momentum;
    case Header::AVERAGE:
      return &checkpoint.average;
    case Header::TEACHER:
      return &checkpoint.teacher;
    default:
      return nullptr;
  }
}

// The number of parameters that the header's networks have.
absl::StatusOr<int64_t> ExpectedParameters(const Header& header) {
  BL_RETURN_IF_ERROR(ValidateSupernet(header.supernet()));
  Subnet subnet = LargestOf(header.supernet());
  if (!header.subnet().empty()) {
    BL_ASSIGN_OR_RETURN(subnet, ParseCanonicalText(header.subnet()));
    BL_RETURN_IF_ERROR(CheckSubnetRanges(subnet));
    BL_RETURN_IF_ERROR(ValidateSubnet(header.supernet().space(), subnet, /*any_gene=*/true));
  }
  BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(header.supernet().space(), subnet));
  LayoutOptions options;
  options.kernel_transforms = header.training().recipe() == v1::TrainingSpec::OFA;
  BL_ASSIGN_OR_RETURN(const ParameterLayout layout, ParameterLayout::ForGraph(graph, options));
  return layout.size();
}

absl::Status CheckHeader(const Header& header) {
  BL_RETURN_IF_ERROR(CheckTraining(header.training(), ""));
  BL_ASSIGN_OR_RETURN(const int64_t parameters, ExpectedParameters(header));
  if (header.parameters() != parameters) {
    return absl::InvalidArgumentError(absl::StrFormat("it has %d parameters, its networks have %d",
                                                      header.parameters(), parameters));
  }
  if (header.step() < 0 || header.step() > header.steps()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("its step is %d of %d", header.step(), header.steps()));
  }
  const int classes = header.supernet().classes();
  if (header.classes_size() != classes) {
    return absl::InvalidArgumentError(absl::StrFormat("it names %d classes, its networks have %d",
                                                      header.classes_size(), classes));
  }
  if (header.tensors_size() < 1 || header.tensors(0) != Header::WEIGHTS) {
    return absl::InvalidArgumentError("it has no weights");
  }
  return absl::OkStatus();
}

absl::Status ReadTensors(const std::string& bytes, size_t position, Checkpoint& checkpoint) {
  const int64_t count = checkpoint.header.parameters();
  const size_t size = static_cast<size_t>(count) * sizeof(float);
  const size_t found = bytes.size() - kHashBytes - position;
  if (found != size * checkpoint.header.tensors_size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it has %d bytes of tensors, its header tells of %d x %d", found,
                        checkpoint.header.tensors_size(), size));
  }
  for (const int which : checkpoint.header.tensors()) {
    at::Tensor* tensor = TensorOf(checkpoint, which);
    if (tensor == nullptr || tensor->defined()) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", which, " is unknown or repeated"));
    }
    *tensor = at::empty({count}, at::kFloat);
    std::memcpy(tensor->data_ptr<float>(), bytes.data() + position, size);
    position += size;
  }
  return absl::OkStatus();
}

}  // namespace

std::string SerializeCheckpoint(const Checkpoint& checkpoint) {
  Header header = checkpoint.header;
  header.set_parameters(checkpoint.weights.numel());
  header.clear_tensors();
  for (const auto& [which, tensor] : TensorsOf(checkpoint)) {
    if (tensor->defined()) header.add_tensors(which);
  }
  const std::string header_bytes = header.SerializeAsString();
  std::string bytes = kMagic;
  AppendNumber(bytes, header_bytes.size());
  bytes += header_bytes;
  for (const auto& [which, tensor] : TensorsOf(checkpoint)) {
    if (!tensor->defined()) continue;
    const at::Tensor values = tensor->cpu().contiguous();
    bytes.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
  }
  AppendHash(bytes);
  return bytes;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(const std::string& bytes, const std::string& source) {
  constexpr size_t kHeaderAt = kMagicBytes + 8;
  if (bytes.compare(0, kMagicBytes - 2, kMagic, kMagicBytes - 2) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(source, " is not a checkpoint of Boardloop"));
  }
  if (bytes.compare(0, kMagicBytes, kMagic) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(source, " is a checkpoint of version ",
                                                   bytes.substr(kMagicBytes - 2, 2),
                                                   ", this program reads version 01"));
  }
  const uint64_t length = bytes.size() >= kHeaderAt ? NumberAt(bytes, kMagicBytes) : 0;
  if (bytes.size() < kHeaderAt + kHashBytes || length > kMaxHeaderBytes ||
      length > bytes.size() - kHeaderAt - kHashBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is cut off: it has %d bytes", source, bytes.size()));
  }
  BL_RETURN_IF_ERROR(CheckHash(bytes, source));
  Checkpoint checkpoint;
  if (!checkpoint.header.ParseFromArray(bytes.data() + kHeaderAt, static_cast<int>(length))) {
    return absl::InvalidArgumentError(absl::StrCat(source, " has a header that is not readable"));
  }
  BL_RETURN_IF_ERROR(Annotate(CheckHeader(checkpoint.header), source));
  BL_RETURN_IF_ERROR(Annotate(ReadTensors(bytes, kHeaderAt + length, checkpoint), source));
  return checkpoint;
}

absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  return WriteFileAtomically(path, SerializeCheckpoint(checkpoint));
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxBytes));
  return ParseCheckpoint(bytes, path);
}

}  // namespace boardloop
