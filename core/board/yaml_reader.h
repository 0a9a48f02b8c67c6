// Strict reading of small YAML files that people write: duplicate, unknown and missing fields and
// wrong types are errors that name file, line and field, as in
// `boards/x.yaml:12: memories[1].bytes is "lots", an integer is needed`.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// A YAML value that knows where it stands, for messages.
struct YamlValue {
  YAML::Node node;
  std::string source;  // The file.
  std::string path;    // "memories[1].bytes"; empty at the top.

  // INVALID_ARGUMENT "source:line: path `problem`".
  absl::Status Error(const std::string& problem) const;
};

// Parses one document. Anchors, aliases, tags and deep nesting are refused: no file of ours needs
// them, and an alias can make a small file stand for a huge one.
absl::StatusOr<YamlValue> ParseYaml(const std::string& text, const std::string& source);

absl::Status ReadYaml(const YamlValue& value, std::string* out);  // One line of printable text.
absl::Status ReadYaml(const YamlValue& value, int64_t* out);  // Decimal, or hexadecimal with 0x.
absl::Status ReadYaml(const YamlValue& value, bool* out);     // true, false
absl::StatusOr<std::vector<YamlValue>> YamlSequence(const YamlValue& value);

// Reads the fields of one mapping. The first error sticks, so that callers check once, in Finish.
class YamlMap {
 public:
  explicit YamlMap(const YamlValue& value);

  template <typename T>
  void Require(const std::string& name, T* out) {
    YamlValue field = RequireValue(name);
    if (status_.ok()) status_ = ReadYaml(field, out);
  }
  template <typename T>
  void Optional(const std::string& name, T* out) {
    if (Has(name)) Require(name, out);
  }
  bool Has(const std::string& name) const { return fields_.count(name) > 0; }
  // The field for the caller to read; without meaning after an error.
  YamlValue RequireValue(const std::string& name);

  const absl::Status& status() const { return status_; }
  // The first error; else INVALID_ARGUMENT when the mapping has a field that nobody asked for.
  absl::Status Finish() const;

 private:
  void AddField(const YAML::Node& key, const YAML::Node& field);

  YamlValue value_;
  std::map<std::string, YamlValue> fields_;
  std::map<std::string, bool> read_;  // By name, whether somebody asked for it.
  absl::Status status_;
};

}  // namespace boardloop
