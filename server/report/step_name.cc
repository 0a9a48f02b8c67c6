#include "server/report/step_name.h"

#include "absl/strings/str_cat.h"

namespace boardloop::report {
namespace {

std::string WithBlockOnce(const std::string& name) {
  const size_t plus = name.find(" + ");
  const size_t dot = name.find('.');
  if (plus == std::string::npos || dot == std::string::npos || dot > plus) return name;
  const std::string block = name.substr(0, dot + 1);
  if (name.compare(plus + 3, block.size(), block) != 0) return name;
  return absl::StrCat(name.substr(0, plus), "+", name.substr(plus + 3 + block.size()));
}

}  // namespace

std::string ShortStepName(const std::string& name, size_t length) {
  std::string once = WithBlockOnce(name);
  if (once.size() <= length) return once;
  return absl::StrCat("..", once.substr(once.size() - (length - 2)));
}

}  // namespace boardloop::report
