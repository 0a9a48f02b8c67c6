// Range checks that name a field by its path and remember the first that fails, so that a message's
// fields are checked one line each.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"

namespace boardloop {

class FieldCheck {
 public:
  // `path` goes before every field: "evolution", or empty.
  explicit FieldCheck(std::string path) : path_(std::move(path)) {}

  // In [low, high]; NaN is in no range.
  void Range(const std::string& field, double value, double low, double high);
  // As Range, or 0, which stands for the default.
  void RangeOrZero(const std::string& field, double value, double low, double high);
  // Above `low`, at most `high`.
  void Above(const std::string& field, double value, double low, double high);
  // The error of a check made elsewhere, with the path in front.
  void Status(const absl::Status& status);
  // `what` completes "evolution.parents ...".
  void Require(bool holds, const std::string& field, const std::string& what);

  const absl::Status& status() const { return status_; }

 private:
  std::string Name(const std::string& field) const;

  std::string path_;
  absl::Status status_;
};

}  // namespace boardloop
