#include "cli/remote/names.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace boardloop {

absl::StatusOr<std::string> ResourceName(const std::string& collection, const std::string& text) {
  const std::string id(absl::StripPrefix(text, collection + "/"));
  if (id.empty() || id.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no name of the form %s/NAME or NAME", text, collection));
  }
  return absl::StrCat(collection, "/", id);
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace boardloop
