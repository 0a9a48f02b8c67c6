// Search spaces: presets, files, and the scaled widths they define. A Space is the proto message
// boardloop.v1.Space (proto/boardloop/v1/space.proto), which documents every field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/space.pb.h"

namespace boardloop {

using Space = v1::Space;

// What any space and any subnet must keep to, so that a hostile file cannot ask for a network that
// does not fit this machine. The lower limits are 1 where none is given.
inline constexpr int32_t kMaxStages = 16;
inline constexpr int32_t kMaxDepth = 16;  // Blocks of a stage.
inline constexpr int32_t kMaxExpandRatio = 16;
inline constexpr int32_t kMaxBaseWidth = 4096;
inline constexpr double kMaxWidthMult = 8.0;  // Above 0.
inline constexpr int32_t kMinResolution = 8;
inline constexpr int32_t kMaxResolution = 1024;
inline constexpr int32_t kMaxClasses = 65536;
inline constexpr int32_t kMaxInputChannels = 64;
inline constexpr int32_t kMaxGridSide = 64;  // Width multipliers, or resolutions, of a grid.

// The spaces that ship with Boardloop: "mbv2-imagenet", "mbv2-small-image".
std::vector<std::string> SpacePresetNames();

// NOT_FOUND  no such preset; the message lists the names
absl::StatusOr<Space> SpacePreset(const std::string& name);

// Parses the JSON form of a Space (docs/formats/space.md: field names as in the proto, unknown
// fields refused) and validates it. `source` names the file in messages.
absl::StatusOr<Space> ParseSpace(const std::string& json, const std::string& source);
std::string SpaceToJson(const Space& space);

// A preset's name, or the path of a space file (anything with a '/' or ending in ".json").
absl::StatusOr<Space> LoadSpace(const std::string& name_or_path);

// Checks the ranges that the proto documents. INVALID_ARGUMENT names the field.
absl::Status ValidateSpace(const Space& space);

// MobileNet's rounding of a scaled width: to the nearest multiple of `divisor`, at least `divisor`,
// one step up when that loses more than 10 %.
int32_t RoundWidth(double width, int32_t divisor);

}  // namespace boardloop
