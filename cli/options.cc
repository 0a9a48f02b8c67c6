#include "cli/options.h"

#include <functional>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/size.h"
#include "core/base/parallel.h"

namespace boardloop {
namespace {

// Adds an option that `parse` turns from text into a value and `store` takes.
template <typename T>
CLI::Option* AddParsed(CLI::App& command, const std::string& flag, const std::string& help,
                       std::function<absl::StatusOr<T>(const std::string&)> parse,
                       std::function<void(T)> store) {
  const std::function<void(const std::string&)> set = [=](const std::string& text) {
    absl::StatusOr<T> value = parse(text);
    // CLI11 reports by exception; program.cc turns it back into a status.
    if (!value.ok()) throw CLI::ValidationError(flag, std::string(value.status().message()));
    store(*value);
  };
  return command.add_option_function<std::string>(flag, set, help);
}

CLI::Option* AddParsedInteger(CLI::App& command, const std::string& flag, int64_t low, int64_t high,
                              const std::string& help, std::function<void(int64_t)> store) {
  const auto parse = [=](const std::string& text) { return ParseInteger(text, low, high); };
  return AddParsed<int64_t>(command, flag, help, parse, std::move(store))->type_name("N");
}

}  // namespace

void AddSize(CLI::App& command, const std::string& flag, std::optional<int64_t>& bytes,
             const std::string& help) {
  AddParsed<int64_t>(command, flag, help, ParseSize, [&bytes](int64_t value) {
    bytes = value;
  })->type_name("BYTES");
}

void AddShare(CLI::App& command, const std::string& flag, double& share, const std::string& help) {
  AddParsed<double>(command, flag, help, ParseShare, [&share](double value) { share = value; })
      ->type_name("SHARE")
      ->default_str(absl::StrFormat("%.4g%%", share * 100));
}

CLI::Option* AddInteger(CLI::App& command, const std::string& flag, int32_t& value, int32_t low,
                        int32_t high, const std::string& help) {
  return AddParsedInteger(command, flag, low, high, help,
                          [&value](int64_t parsed) { value = static_cast<int32_t>(parsed); })
      ->default_str(absl::StrCat(value));
}

CLI::Option* AddInteger(CLI::App& command, const std::string& flag, std::optional<int32_t>& value,
                        int32_t low, int32_t high, const std::string& help) {
  return AddParsedInteger(command, flag, low, high, help,
                          [&value](int64_t parsed) { value = static_cast<int32_t>(parsed); });
}

CLI::Option* AddNumber(CLI::App& command, const std::string& flag, double& value, double low,
                       double high, const std::string& help) {
  const auto parse = [=](const std::string& text) { return ParseNumber(text, low, high); };
  return AddParsed<double>(command, flag, help, parse, [&value](double parsed) { value = parsed; })
      ->type_name("X");
}

std::string NotEmpty(const std::string& text) {
  return text.empty() ? "is empty: leave the option away, or give a value" : "";
}

void AddSeed(CLI::App& command, uint64_t& seed) {
  AddParsedInteger(command, "--seed", 0, std::numeric_limits<int64_t>::max(),
                   "Seed of the random choices; the same seed gives the same result",
                   [&seed](int64_t parsed) { seed = static_cast<uint64_t>(parsed); })
      ->default_str(absl::StrCat(seed));
}

void AddThreads(CLI::App& command, int32_t& threads) {
  threads = DefaultThreads();
  AddInteger(command, "--threads", threads, 1, 1024, "Threads; the result does not depend on it");
}

void AddSamples(CLI::App& command, int32_t& samples) {
  AddInteger(command, "--samples", samples, 1, 100000,
             "Networks to sample for each pair of width multiplier and resolution");
}

void AddInputMode(CLI::App& command, InputMode& input) {
  const std::vector<Choice<InputMode>> modes = {
      {InputModeName(InputMode::kResident), InputMode::kResident},
      {InputModeName(InputMode::kStreamed), InputMode::kStreamed}};
  AddChoice(command, "--input", input, modes,
            "The input lies in SRAM as a whole, or is asked for piece by piece");
}

const char* InputModeName(InputMode input) {
  return input == InputMode::kResident ? "resident" : "streamed";
}

CLI::Option* AddBoard(CLI::App& command, std::string& board, const std::string& help) {
  return command.add_option("--board", board, help)->type_name("NAME|FILE.yaml");
}

void AddJson(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "Print JSON instead of tables");
}

void AddPlot(CLI::App& command, std::string& plot, const std::string& help) {
  AddParsed<std::string>(
      command, "--plot", help,
      [](const std::string& text) -> absl::StatusOr<std::string> {
        // Also keeps the rename that ends the write away from /dev/null and the like.
        if (absl::EndsWith(text, ".svg")) return text;
        return absl::InvalidArgumentError(
            absl::StrCat("\"", text, "\": a picture is an SVG, its name ends in .svg"));
      },
      [&plot](std::string path) { plot = std::move(path); })
      ->type_name("FILE.svg");
}

}  // namespace boardloop
