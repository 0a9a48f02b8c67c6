#include "device-agent/measure/bench.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "core/board/yaml_reader.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxBenchBytes = 64 * 1024;
constexpr size_t kMaxBoards = 256;
constexpr size_t kMaxName = 63;
constexpr size_t kUniqueIdDigits = 24;

// Names become folders.
absl::Status CheckName(const YamlValue& value, const std::string& name) {
  bool good = !name.empty() && name.size() <= kMaxName;
  for (const char c : name) {
    good = good && (absl::ascii_islower(static_cast<unsigned char>(c)) ||
                    absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_');
  }
  if (good) return absl::OkStatus();
  return value.Error(absl::StrFormat(
      "is \"%s\", must be 1 to %d lower-case letters, digits, '-' or '_'", name, kMaxName));
}

absl::Status CheckUniqueId(const YamlValue& value, const std::string& id) {
  bool good = id.size() == kUniqueIdDigits;
  for (const char c : id) good = good && absl::ascii_isxdigit(static_cast<unsigned char>(c));
  if (good) return absl::OkStatus();
  return value.Error(
      absl::StrFormat("is \"%s\", must be %d hexadecimal digits", id, kUniqueIdDigits));
}

absl::Status ReadProbe(const YamlValue& value, ProbeKind* kind) {
  std::string name;
  BL_RETURN_IF_ERROR(ReadYaml(value, &name));
  for (const ProbeKind known : {ProbeKind::kOpenOcd, ProbeKind::kPyOcd}) {
    if (name != ProbeKindName(known)) continue;
    *kind = known;
    return absl::OkStatus();
  }
  return value.Error(absl::StrFormat("is \"%s\", must be openocd or pyocd", name));
}

struct Parsed {
  BenchBoard board;
  YamlValue value;  // Of the board, for messages.
};

absl::StatusOr<Parsed> ParseBoard(const YamlValue& value) {
  Parsed parsed;
  parsed.value = value;
  BenchBoard& board = parsed.board;
  YamlMap map(value);
  const YamlValue name = map.RequireValue("name"), type = map.RequireValue("type");
  const YamlValue probe = map.RequireValue("probe");
  map.Optional("serial", &board.serial);
  map.Optional("interface", &board.interface_config);
  map.Optional("unique_id", &board.unique_id);
  map.Optional("power_cycle", &board.power_cycle);
  BL_RETURN_IF_ERROR(map.Finish());
  BL_RETURN_IF_ERROR(ReadYaml(name, &board.name));
  BL_RETURN_IF_ERROR(CheckName(name, board.name));
  BL_RETURN_IF_ERROR(ReadYaml(type, &board.type));
  BL_RETURN_IF_ERROR(ReadProbe(probe, &board.probe));
  board.unique_id = absl::AsciiStrToLower(board.unique_id);
  if (!board.unique_id.empty()) {
    BL_RETURN_IF_ERROR(CheckUniqueId(map.RequireValue("unique_id"), board.unique_id));
  }
  if (!board.interface_config.empty() && board.probe != ProbeKind::kOpenOcd) {
    return map.RequireValue("interface").Error("is for OpenOCD, the board's probe is pyocd");
  }
  const absl::StatusOr<BoardType> known = LoadBoardType(board.type);
  if (!known.ok())
    return type.Error(absl::StrFormat("is unknown: %s", std::string(known.status().message())));
  if (!known->support.has_value()) {
    return type.Error(
        absl::StrFormat("is \"%s\", a board type that cannot be measured on: it has "
                        "no firmware support",
                        board.type));
  }
  const bool is_virtual = known->support->is_virtual;
  if (is_virtual && !board.serial.empty()) {
    return map.RequireValue("serial").Error("is for a probe on USB, the board is virtual");
  }
  if (!is_virtual && board.serial.empty()) {
    return value.Error(
        "lacks the field \"serial\": without it, one board could be taken for "
        "another (`boardloop-agent check` lists the probes on USB)");
  }
  return parsed;
}

int LineOf(const YamlValue& value) { return value.node.Mark().line + 1; }

}  // namespace

const char* ProbeKindName(ProbeKind kind) {
  return kind == ProbeKind::kOpenOcd ? "openocd" : "pyocd";
}

absl::StatusOr<std::vector<BenchBoard>> ParseBench(const std::string& yaml,
                                                   const std::string& source) {
  BL_ASSIGN_OR_RETURN(const YamlValue document, ParseYaml(yaml, source));
  YamlMap map(document);
  const YamlValue list = map.RequireValue("boards");
  BL_RETURN_IF_ERROR(map.Finish());
  BL_ASSIGN_OR_RETURN(const std::vector<YamlValue> items, YamlSequence(list));
  if (items.empty() || items.size() > kMaxBoards) {
    return list.Error(
        absl::StrFormat("has %d boards, a bench has 1 to %d", items.size(), kMaxBoards));
  }
  std::vector<BenchBoard> boards;
  std::map<std::string, int> name_lines, serial_lines;
  for (const YamlValue& item : items) {
    BL_ASSIGN_OR_RETURN(const Parsed parsed, ParseBoard(item));
    const BenchBoard& board = parsed.board;
    const int line = LineOf(item);
    const auto [same_name, new_name] = name_lines.emplace(board.name, line);
    if (!new_name) {
      return item.Error(absl::StrFormat("has the name \"%s\", as the board of line %d", board.name,
                                        same_name->second));
    }
    const auto [same_serial, new_serial] = serial_lines.emplace(board.serial, line);
    if (!new_serial && !board.serial.empty()) {
      return item.Error(
          absl::StrFormat("has the probe serial \"%s\", as the board of line %d: one "
                          "of them would be measured for the other",
                          board.serial, same_serial->second));
    }
    boards.push_back(board);
  }
  return boards;
}

absl::StatusOr<std::vector<BenchBoard>> LoadBench(const std::string& path) {
  BL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMaxBenchBytes));
  return ParseBench(yaml, path);
}

absl::StatusOr<BenchBoard> FindBenchBoard(const std::vector<BenchBoard>& boards,
                                          const std::string& name) {
  std::vector<std::string> names;
  for (const BenchBoard& board : boards) {
    if (board.name == name) return board;
    names.push_back(board.name);
  }
  return absl::NotFoundError(absl::StrFormat("the bench has no board \"%s\"; it has %s", name,
                                             absl::StrJoin(names, ", ")));
}

}  // namespace boardloop
