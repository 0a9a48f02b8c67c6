#include "device-agent/build/source_digest.h"

#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "device-agent/build/sha256.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSourceBytes = int64_t{4} << 20;

// What `line` includes: `#include "x"`, or the assembler's `.include "x"`.
std::optional<std::string> Included(const std::string& line) {
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(line);
  if (absl::ConsumePrefix(&rest, "#")) {
    rest = absl::StripLeadingAsciiWhitespace(rest);
    if (!absl::ConsumePrefix(&rest, "include")) return std::nullopt;
  } else if (!absl::ConsumePrefix(&rest, ".include")) {
    return std::nullopt;
  }
  rest = absl::StripLeadingAsciiWhitespace(rest);
  if (!absl::ConsumePrefix(&rest, "\"")) return std::nullopt;
  const size_t end = rest.find('"');
  if (end == absl::string_view::npos) return std::nullopt;
  return std::string(rest.substr(0, end));
}

std::vector<std::string> Includes(const std::string& text) {
  std::vector<std::string> includes;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (const std::string& line : lines) {
    if (std::optional<std::string> path = Included(line)) includes.push_back(*path);
  }
  return includes;
}

}  // namespace

absl::StatusOr<const SourceDigests::File*> SourceDigests::Read(const std::string& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) return &known->second;
  File file;
  BL_ASSIGN_OR_RETURN(file.content, ReadFile((fs::path(folder_) / path).string(), kMaxSourceBytes));
  for (const std::string& include : Includes(file.content)) {
    // As the compiler: beside the file, else from the root.
    const fs::path beside = (fs::path(path).parent_path() / include).lexically_normal();
    std::error_code error;
    file.includes.push_back(fs::exists(fs::path(folder_) / beside, error) ? beside.string()
                                                                          : include);
  }
  return &files_.emplace(path, std::move(file)).first->second;
}

absl::StatusOr<std::string> SourceDigests::Digest(const std::string& text,
                                                  std::vector<std::string> pending) {
  std::set<std::string> paths;
  while (!pending.empty()) {
    const std::string path = pending.back();
    pending.pop_back();
    if (!paths.insert(path).second) continue;
    BL_ASSIGN_OR_RETURN(const File* file, Read(path));
    pending.insert(pending.end(), file->includes.begin(), file->includes.end());
  }
  Sha256Builder digest;
  digest.Add(text);
  for (const std::string& path : paths) digest.Add(path).Add(files_.at(path).content);
  return digest.Hex();
}

absl::StatusOr<std::string> SourceDigests::Of(const std::string& path) {
  BL_ASSIGN_OR_RETURN(const File* file, Read(path));
  return Digest(file->content, file->includes);
}

absl::StatusOr<std::string> SourceDigests::OfText(const std::string& text) {
  std::vector<std::string> includes;
  for (const std::string& include : Includes(text)) {
    std::error_code error;
    if (fs::exists(fs::path(folder_) / include, error)) includes.push_back(include);
  }
  return Digest(text, std::move(includes));
}

}  // namespace boardloop
