// IDX files: the format of MNIST and its relatives. Big-endian: two zero bytes, a type (0x08: uint8), the
// number of dimensions, a uint32 for each, then the values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

struct IdxArray {
  std::vector<int64_t> shape;
  std::string values;  // uint8, row by row.
};

// An array of uint8 with `dimensions` dimensions; `bytes` may be gzipped. `source` names it in messages.
//
// INVALID_ARGUMENT  another format, type or number of dimensions, fewer or more values than the header
//                   says, broken gzip
absl::StatusOr<IdxArray> ParseIdx(const std::string& bytes, size_t dimensions,
                                  const std::string& source);

}  // namespace boardloop
