// Options that commands share, on top of CLI11. Each checks its value while the command line is
// parsed, so that a bad one is reported with the option's name before any work is done.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "core/plan/plan.h"

namespace boardloop {

// --flag BYTES, as ParseSize (cli/size.h) reads it.
void AddSize(CLI::App& command, const std::string& flag, std::optional<int64_t>& bytes,
             const std::string& help);

// --flag SHARE, as ParseShare reads it.
void AddShare(CLI::App& command, const std::string& flag, double& share, const std::string& help);

// --flag N in [low, high]; the value that `value` has is the default that the help shows.
CLI::Option* AddInteger(CLI::App& command, const std::string& flag, int32_t& value, int32_t low,
                        int32_t high, const std::string& help);
CLI::Option* AddInteger(CLI::App& command, const std::string& flag, std::optional<int32_t>& value,
                        int32_t low, int32_t high, const std::string& help);

// --flag X in (low, high], a decimal number.
CLI::Option* AddNumber(CLI::App& command, const std::string& flag, double& value, double low,
                       double high, const std::string& help);

// A check of CLI11's: a name that a script leaves empty by mistake is not one that was left away.
std::string NotEmpty(const std::string& text);

// --seed N, --threads N (all processors unless told), --samples N of each pair of a space's grid.
void AddSeed(CLI::App& command, uint64_t& seed);
void AddThreads(CLI::App& command, int32_t& threads);
void AddSamples(CLI::App& command, int32_t& samples);

// --flag NAME, one of `choices`.
template <typename T>
using Choice = std::pair<std::string, T>;
template <typename T>
CLI::Option* AddChoice(CLI::App& command, const std::string& flag, T& value,
                       const std::vector<Choice<T>>& choices, const std::string& help);

// --input resident|streamed
void AddInputMode(CLI::App& command, InputMode& input);
const char* InputModeName(InputMode input);

// --board NAME|FILE
CLI::Option* AddBoard(CLI::App& command, std::string& board, const std::string& help);

void AddJson(CLI::App& command, bool& json);

// --plot FILE.svg; left empty when not asked for.
void AddPlot(CLI::App& command, std::string& plot, const std::string& help);

// ---- Implementation of the template.

template <typename T>
CLI::Option* AddChoice(CLI::App& command, const std::string& flag, T& value,
                       const std::vector<Choice<T>>& choices, const std::string& help) {
  std::string names, initial;
  for (const auto& [name, choice] : choices) {
    names += (names.empty() ? "" : "|") + name;
    if (choice == value) initial = name;
  }
  const std::function<void(const std::string&)> set = [&value, choices, flag,
                                                       names](const std::string& text) {
    for (const auto& [name, choice] : choices) {
      if (name != text) continue;
      value = choice;
      return;
    }
    throw CLI::ValidationError(flag, "\"" + text + "\" is not one of " + names);
  };
  return command.add_option_function<std::string>(flag, set, help)
      ->type_name(names)
      ->default_str(initial);
}

}  // namespace boardloop
