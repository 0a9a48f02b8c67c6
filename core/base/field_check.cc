#include "core/base/field_check.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace boardloop {

std::string FieldCheck::Name(const std::string& field) const {
  return path_.empty() ? field : absl::StrCat(path_, ".", field);
}

void FieldCheck::Require(bool holds, const std::string& field, const std::string& what) {
  if (holds || !status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(Name(field), " ", what));
}

void FieldCheck::Range(const std::string& field, double value, double low, double high) {
  Require(value >= low && value <= high, field,
          absl::StrFormat("is %.10g, must be in [%.10g, %.10g]", value, low, high));
}

void FieldCheck::RangeOrZero(const std::string& field, double value, double low, double high) {
  if (value != 0) Range(field, value, low, high);
}

void FieldCheck::Above(const std::string& field, double value, double low, double high) {
  Require(value > low && value <= high, field,
          absl::StrFormat("is %.10g, must be in (%.10g, %.10g]", value, low, high));
}

void FieldCheck::Status(const absl::Status& status) {
  if (!status_.ok() || status.ok()) return;
  status_ = absl::Status(status.code(), Name(std::string(status.message())));
}

}  // namespace boardloop
