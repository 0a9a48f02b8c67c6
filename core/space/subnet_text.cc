// The two texts of a subnet: the JSON file that people write and the canonical line that is hashed.
#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "core/space/json_reader.h"
#include "core/space/range_checks.h"
#include "core/space/subnet.h"

namespace boardloop {

// In the namespace, not a nameless one: ReadJson of a vector finds it by its argument.
static absl::Status ReadJson(const nlohmann::json& value, const std::string& where,
                             BlockGene* gene) {
  JsonObject object(value, where);
  object.Require("kernel", &gene->kernel_size);
  object.Require("expand", &gene->expand_ratio);
  return object.Finish();
}

namespace {

// A canonical text of a subnet with every limit reached has about 1,500 bytes.
constexpr size_t kMaxCanonicalBytes = 4096;

// The shortest decimal that reads back as the same double: "0.5", "1", "1.5".
std::string ShortestDecimal(double value) {
  char buffer[32];
  std::to_chars_result result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

// Reads all of `text` as a number.
template <typename T>
bool ReadNumber(const std::string& text, T* out) {
  std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), *out);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// Reads "r80" into 80, for prefix 'r'.
template <typename T>
bool ReadPrefixed(const std::string& text, char prefix, T* out) {
  return !text.empty() && text[0] == prefix && ReadNumber(text.substr(1), out);
}

bool ReadHeader(const std::string& text, Subnet* subnet) {
  std::vector<std::string> words = absl::StrSplit(text, ' ');
  if (words.size() != 5) return false;
  subnet->space = words[0];
  return ReadPrefixed(words[1], 'w', &subnet->width_mult) &&
         ReadPrefixed(words[2], 'r', &subnet->resolution) &&
         ReadPrefixed(words[3], 'c', &subnet->classes) &&
         ReadPrefixed(words[4], 'i', &subnet->input_channels);
}

// Reads "3e6 5e4".
bool ReadStage(const std::string& text, std::vector<BlockGene>* stage) {
  std::vector<std::string> words = absl::StrSplit(text, ' ');
  for (const std::string& word : words) {
    std::vector<std::string> parts = absl::StrSplit(word, 'e');
    BlockGene gene;
    if (parts.size() != 2 || !ReadNumber(parts[0], &gene.kernel_size) ||
        !ReadNumber(parts[1], &gene.expand_ratio)) {
      return false;
    }
    stage->push_back(gene);
  }
  return true;
}

bool ReadCanonicalText(const std::string& text, Subnet* subnet) {
  std::vector<std::string> parts = absl::StrSplit(text, " | ");
  if (!ReadHeader(parts[0], subnet)) return false;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (!ReadStage(parts[i], &subnet->stages.emplace_back())) return false;
  }
  // The readers take some spellings that the writer does not make ("03", "5e-1").
  return CanonicalText(*subnet) == text;
}

}  // namespace

absl::StatusOr<Subnet> ParseSubnet(const std::string& json, const std::string& source) {
  BL_ASSIGN_OR_RETURN(nlohmann::json value, ParseJson(json, source));
  Subnet subnet;
  JsonObject object(value, source + ": ");
  object.Require("space", &subnet.space);
  object.Require("width_mult", &subnet.width_mult);
  object.Require("resolution", &subnet.resolution);
  object.Require("classes", &subnet.classes);
  object.Require("input_channels", &subnet.input_channels);
  object.Require("stages", &subnet.stages);
  BL_RETURN_IF_ERROR(object.Finish());
  BL_RETURN_IF_ERROR(Annotate(CheckSubnetRanges(subnet), source));
  return subnet;
}

std::string SubnetToJson(const Subnet& subnet) {
  std::string text = absl::StrFormat(
      "{\"space\": \"%s\", \"width_mult\": %s, \"resolution\": %d, \"classes\": %d, "
      "\"input_channels\": %d,\n \"stages\": [",
      subnet.space, ShortestDecimal(subnet.width_mult), subnet.resolution, subnet.classes,
      subnet.input_channels);
  const char* between_stages = "[";
  for (const std::vector<BlockGene>& stage : subnet.stages) {
    absl::StrAppend(&text, between_stages);
    const char* between_blocks = "";
    for (const BlockGene& gene : stage) {
      absl::StrAppendFormat(&text, "%s{\"kernel\": %d, \"expand\": %d}", between_blocks,
                            gene.kernel_size, gene.expand_ratio);
      between_blocks = ", ";
    }
    absl::StrAppend(&text, "]");
    between_stages = ",\n            [";
  }
  absl::StrAppend(&text, "]}\n");
  return text;
}

std::string CanonicalText(const Subnet& subnet) {
  std::string text =
      absl::StrCat(subnet.space, " w", ShortestDecimal(subnet.width_mult), " r", subnet.resolution,
                   " c", subnet.classes, " i", subnet.input_channels);
  for (const std::vector<BlockGene>& stage : subnet.stages) {
    absl::StrAppend(&text, " |");
    for (const BlockGene& gene : stage) {
      absl::StrAppend(&text, " ", gene.kernel_size, "e", gene.expand_ratio);
    }
  }
  return text;
}

absl::StatusOr<Subnet> ParseCanonicalText(const std::string& text) {
  Subnet subnet;
  if (text.size() > kMaxCanonicalBytes || !ReadCanonicalText(text, &subnet)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is not the canonical text of a subnet, as in \"mbv2-imagenet w0.5 r80 c2 i3 | "
        "3e6 3e3 | 7e3\"",
        absl::Utf8SafeCHexEscape(text.substr(0, 80))));
  }
  BL_RETURN_IF_ERROR(CheckSubnetRanges(subnet));
  return subnet;
}

Hash128 HashSubnet(const Subnet& subnet) { return HashBytes(CanonicalText(subnet)); }

}  // namespace boardloop
