// Completion scripts for shells, made from the program's own commands and options: they cannot go stale.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"

namespace boardloop {

// What can stand for a value.
enum class ValueKind {
  kOther,      // A number, a text.
  kChoice,     // One of `choices`.
  kFile,       // A file or folder.
  kSearch,     // The coordinator is asked.
  kBoard,      // The same.
  kBoardType,  // The same.
};

struct CompletionValue {
  ValueKind kind = ValueKind::kOther;
  std::vector<std::string> choices;
  std::string name;  // "FILE.yaml", for people.
};

struct CompletionOption {
  std::vector<std::string> flags;  // "-q", "--quiet"
  std::string description;
  bool takes_value = false;
  CompletionValue value;
};

struct CompletionCommand {
  std::string name;
  std::string description;
  std::vector<CompletionOption> options;
  std::vector<CompletionValue> positionals;
  std::vector<CompletionCommand> commands;
};

CompletionCommand CompletionTree(const CLI::App& app);

std::string BashCompletion(const CompletionCommand& program);
std::string ZshCompletion(const CompletionCommand& program);
std::string FishCompletion(const CompletionCommand& program);

}  // namespace boardloop
