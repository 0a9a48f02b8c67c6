// The file of a checkpoint (docs/formats/checkpoint.md) whose weights are all 0.
#pragma once

#include <cstdint>
#include <string>

#include "boardloop/v1/checkpoint.pb.h"
#include "core/base/hash.h"
#include "core/data/checkpoint_header.h"

namespace boardloop {

inline std::string CheckpointBytes(const v1::CheckpointHeader& header) {
  const auto append = [](uint64_t number, std::string& bytes) {
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i));
  };
  const std::string text = header.SerializeAsString();
  std::string bytes = kCheckpointMagic;
  append(text.size(), bytes);
  bytes += text;
  bytes.append(sizeof(float) * static_cast<size_t>(header.parameters()) *
                   static_cast<size_t>(header.tensors_size()),
               '\0');
  const Hash128 hash = HashBytes(bytes);
  append(hash.high, bytes);
  append(hash.low, bytes);
  return bytes;
}

}  // namespace boardloop
