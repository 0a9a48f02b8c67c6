// Which trainable numbers a network has, and where each lies in one flat vector.
//
// One flat tensor holds everything that training changes. The optimizer, the gradient exchange
// between processes, checkpoints and averages then are operations on one vector, and a subnet's weights
// are views of it.
//
// Invariants:
//   (1) Entries lie one behind another without gaps; those with weight decay come first.
//   (2) The layout is a function of the graph and the options: two processes, or a process and a
//       checkpoint, that agree on these agree on it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"

namespace boardloop {

struct LayoutOptions {
  // Once-for-All's learned transforms between kernel sizes: for each depthwise filter larger than 3x3
  // a matrix 25 x 25 (7 to 5) and one 9 x 9 (5 to 3).
  bool kernel_transforms = false;
};

enum class ParameterRole : uint8_t {
  kFilter,      // As core/graph lays it out: [out][kh][kw][in], [kh][kw][channels], [out][in].
  kBias,        // [out], of the classifier.
  kGamma,       // [out], batch norm's scale
  kBeta,        // [out], and its shift.
  kTransform5,  // [25][25], from a 7x7 filter's centre to a 5x5 filter.
  kTransform3,  // [9][9], from a 5x5 filter's centre to a 3x3 filter.
};

struct Parameter {
  std::string name;  // "s2b1.expand.filter": the operator, and the role.
  ParameterRole role = ParameterRole::kFilter;
  OpKind op_kind = OpKind::kConv2d;
  std::vector<int64_t> shape;
  int64_t offset = 0;
  int64_t size = 0;
};

class ParameterLayout {
 public:
  // For the largest network of a space, or for one network alone.
  //
  // UNIMPLEMENTED  an operator that is not trained here; the message names it
  static absl::StatusOr<ParameterLayout> ForGraph(const Graph& graph, const LayoutOptions& options);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  int64_t size() const { return size_; }
  int64_t decayed() const { return decayed_; }  // Elements [0, decayed) have weight decay.

  // Index into parameters(); -1 where the operator has none of this role.
  int Find(const std::string& op, ParameterRole role) const;

 private:
  void Append(const std::string& op, ParameterRole role, OpKind kind, std::vector<int64_t> shape);

  std::vector<Parameter> parameters_;
  std::map<std::string, int> by_name_;
  int64_t size_ = 0;
  int64_t decayed_ = 0;
};

// "filter", "bias", ...
const char* ParameterRoleName(ParameterRole role);

}  // namespace boardloop
