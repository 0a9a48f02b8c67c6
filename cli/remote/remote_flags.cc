#include "cli/remote/remote_flags.h"

#include <random>

#include "absl/strings/str_format.h"
#include "cli/options.h"

namespace boardloop {

void AddRemoteFlags(CLI::App& command, RemoteFlags& flags) {
  AddTarget(command, flags.target);
  AddJson(command, flags.json);
}

void AddName(CLI::App& command, std::string& name, const std::string& type,
             const std::string& help) {
  command.add_option("name", name, help)->required()->type_name(type);
}

void AddQuiet(CLI::App& command, bool& quiet) {
  command.add_flag("-q,--quiet", quiet, "Print names alone, one a line");
}

void AddLimit(CLI::App& command, int32_t& limit, const std::string& what) {
  AddInteger(command, "--limit", limit, 0, 1000000, "Print at most so many " + what + "; 0: all");
}

void AddRequestId(CLI::App& command, std::string& request_id) {
  command
      .add_option("--request-id", request_id,
                  "Repeating a request with the same one gives the same answer (default: random)")
      ->type_name("UUID");
}

std::string RequestIdOr(const std::string& request_id) {
  if (!request_id.empty()) return request_id;
  // Not part of any search: two requests must differ, also with equal seeds.
  std::random_device random;
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%08x%04x", random(), random() & 0xFFFF,
                         random() & 0xFFF, 0x8000 | (random() & 0x3FFF), random(),
                         random() & 0xFFFF);
}

absl::Status WithRequestId(const absl::Status& status, const std::string& request_id) {
  if (!IsTransient(status)) return status;
  return AnnotateAnswer(
      status, absl::StrFormat("with --request-id %s this can be repeated safely", request_id));
}

}  // namespace boardloop
