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
#include "core/base/sha256.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSourceBytes = int64_t{4} << 20;

// What stands behind `#include` or the assembler's `.include` in `line`; nullopt without one.
std::optional<std::string> IncludeOperand(const std::string& line) {
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(line);
  if (absl::ConsumePrefix(&rest, "#")) {
    rest = absl::StripLeadingAsciiWhitespace(rest);
    if (!absl::ConsumePrefix(&rest, "include")) return std::nullopt;
  } else if (!absl::ConsumePrefix(&rest, ".include")) {
    return std::nullopt;
  }
  return std::string(absl::StripAsciiWhitespace(rest));
}

// The files that `text` includes by name; those of the system are the compiler's own.
//
// INVALID_ARGUMENT  an include whose name is a macro's: it would change without changing the digest
absl::StatusOr<std::vector<std::string>> Includes(const std::string& text) {
  std::vector<std::string> includes;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (const std::string& line : lines) {
    const std::optional<std::string> operand = IncludeOperand(line);
    if (!operand.has_value() || absl::StartsWith(*operand, "<")) continue;
    const size_t end = operand->find('"', 1);
    if (!absl::StartsWith(*operand, "\"") || end == std::string::npos) {
      return absl::InvalidArgumentError("includes " + *operand +
                                        ", must be \"a file\" or <a header>");
    }
    includes.push_back(operand->substr(1, end - 1));
  }
  return includes;
}

}  // namespace

absl::StatusOr<const SourceDigests::File*> SourceDigests::Read(const std::string& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) return &known->second;
  File file;
  BL_ASSIGN_OR_RETURN(file.content, ReadFile((fs::path(folder_) / path).string(), kMaxSourceBytes));
  absl::StatusOr<std::vector<std::string>> includes = Includes(file.content);
  if (!includes.ok()) return Annotate(includes.status(), path);
  for (const std::string& include : *includes) {
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
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> all, Includes(text));
  std::vector<std::string> includes;
  for (const std::string& include : all) {
    std::error_code error;
    if (fs::exists(fs::path(folder_) / include, error)) includes.push_back(include);
  }
  return Digest(text, std::move(includes));
}

}  // namespace boardloop
