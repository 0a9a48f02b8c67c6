// The enums of graphs and those of v1::Model, one to one.
#pragma once

#include <optional>

#include "boardloop/v1/model.pb.h"
#include "core/graph/graph.h"

namespace boardloop {

v1::Model::OpKind ToProto(OpKind kind);
v1::Model::Activation ToProto(Activation activation);
v1::Model::Axis ToProto(Axis axis);

// Nothing for UNSPECIFIED and for values of a newer version.
std::optional<OpKind> FromProto(v1::Model::OpKind kind);
std::optional<Activation> FromProto(v1::Model::Activation activation);
std::optional<Axis> FromProto(v1::Model::Axis axis);

}  // namespace boardloop
