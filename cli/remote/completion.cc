#include "cli/remote/completion.h"

#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace boardloop {
namespace {

// ---- The tree.

bool IsWord(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

// By what help calls the value: "image|resident", "FILE.yaml", "SEARCH".
CompletionValue ValueOf(const std::string& type) {
  CompletionValue value;
  value.name = type;
  value.choices = absl::StrSplit(type, '|');
  bool all_words = value.choices.size() > 1;
  for (const std::string& choice : value.choices) all_words = all_words && IsWord(choice);
  if (all_words) {
    value.kind = ValueKind::kChoice;
    return value;
  }
  value.choices.clear();
  if (type == "SEARCH") value.kind = ValueKind::kSearch;
  if (type == "BOARD") value.kind = ValueKind::kBoard;
  if (type == "TYPE") value.kind = ValueKind::kBoardType;
  for (const char* part : {"FILE", "DIR", "MODEL", "NET"}) {
    if (absl::StrContains(type, part)) value.kind = ValueKind::kFile;
  }
  return value;
}

CompletionOption OptionOf(const CLI::Option& option) {
  CompletionOption result;
  for (const std::string& name : option.get_snames()) result.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.flags.push_back("--" + name);
  result.description = option.get_description();
  result.takes_value = option.get_items_expected_max() > 0;
  if (result.takes_value) result.value = ValueOf(option.get_type_name());
  return result;
}

// `visit` for each command with its path: "", "boards", "boards list".
void ForEachCommand(
    const CompletionCommand& command, const std::string& path,
    const std::function<void(const CompletionCommand&, const std::string&)>& visit) {
  visit(command, path);
  for (const CompletionCommand& sub : command.commands) {
    ForEachCommand(sub, path.empty() ? sub.name : absl::StrCat(path, " ", sub.name), visit);
  }
}

// In single quotes, for bash and zsh.
std::string Quote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}, {"\n", " "}}), "'");
}

std::string FlagsText(const CompletionCommand& command) {
  std::vector<std::string> flags;
  for (const CompletionOption& option : command.options) {
    flags.insert(flags.end(), option.flags.begin(), option.flags.end());
  }
  return absl::StrJoin(flags, " ");
}

std::string NamesText(const CompletionCommand& command) {
  return absl::StrJoin(command.commands, " ", [](std::string* out, const CompletionCommand& sub) {
    out->append(sub.name);
  });
}

// The command that lists what a value may be; empty where none does.
std::string ListCommand(ValueKind kind) {
  switch (kind) {
    case ValueKind::kSearch:
      return "boardloop list --quiet 2>/dev/null";
    case ValueKind::kBoard:
      return "boardloop boards list --quiet 2>/dev/null";
    case ValueKind::kBoardType:
      return "boardloop boards types --quiet 2>/dev/null";
    default:
      return "";
  }
}

// ---- bash.

// An expression for compgen that offers the values.
std::string BashValues(const CompletionValue& value) {
  if (value.kind == ValueKind::kFile) return "-f";
  if (value.kind == ValueKind::kChoice) return "-W " + Quote(absl::StrJoin(value.choices, " "));
  const std::string list = ListCommand(value.kind);
  return list.empty() ? "" : absl::StrCat("-W \"$(", list, ")\"");
}

std::string BashOffer(const std::string& values) {
  return values.empty()
             ? ""
             : absl::StrCat("mapfile -t COMPREPLY < <(compgen ", values, " -- \"$cur\")");
}

// "    'submit --preset') ...; return ;;" for each option that takes a value.
std::string BashOptionCases(const CompletionCommand& command, const std::string& path) {
  std::string text;
  for (const CompletionOption& option : command.options) {
    if (!option.takes_value) continue;
    const std::string patterns =
        absl::StrJoin(option.flags, "|", [&](std::string* out, const std::string& flag) {
          out->append(Quote(absl::StrCat(path, " ", flag)));
        });
    const std::string offer = BashOffer(BashValues(option.value));
    absl::StrAppend(&text, "    ", patterns, ") ", offer, offer.empty() ? "" : "; ", "return ;;\n");
  }
  return text;
}

// ---- zsh.

std::string ZshText(const std::string& text) {
  return absl::StrReplaceAll(text, {{"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"\n", " "}});
}

std::string ZshFunction(const std::string& path) {
  return absl::StrCat("_boardloop", path.empty() ? "" : "_",
                      absl::StrReplaceAll(path, {{" ", "_"}, {"-", "_"}}));
}

// The part of a spec behind its description: ":NAME:action".
std::string ZshValue(const CompletionValue& value) {
  const std::string name = absl::StrCat(":", ZshText(value.name), ":");
  if (value.kind == ValueKind::kFile) return name + "_files";
  if (value.kind == ValueKind::kChoice) {
    return absl::StrCat(name, "(", absl::StrJoin(value.choices, " "), ")");
  }
  const std::string list = ListCommand(value.kind);
  // An action in parentheses is evaluated: ${(f)...} splits at ends of lines.
  return list.empty() ? name + " " : absl::StrCat(name, "(${(f)\"$(", list, ")\"})");
}

std::string ZshOptionSpecs(const CompletionCommand& command) {
  std::string text;
  for (const CompletionOption& option : command.options) {
    for (const std::string& flag : option.flags) {
      absl::StrAppend(&text, " \\\n    ",
                      Quote(absl::StrCat(flag, "[", ZshText(option.description), "]",
                                         option.takes_value ? ZshValue(option.value) : "")));
    }
  }
  return text;
}

std::string ZshLeaf(const CompletionCommand& command) {
  std::string text = absl::StrCat("  _arguments -s", ZshOptionSpecs(command));
  for (const CompletionValue& positional : command.positionals) {
    absl::StrAppend(&text, " \\\n    ", Quote("*" + ZshValue(positional)));
  }
  return text + "\n";
}

std::string ZshBranch(const CompletionCommand& command, const std::string& path) {
  std::string text = absl::StrCat(
      "  local context state state_descr line\n  typeset -A opt_args\n  _arguments -C",
      ZshOptionSpecs(command), " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n",
      "  case $state in\n    command)\n      local -a commands=(\n");
  for (const CompletionCommand& sub : command.commands) {
    absl::StrAppend(&text, "        ", Quote(absl::StrCat(sub.name, ":", ZshText(sub.description))),
                    "\n");
  }
  absl::StrAppend(&text, "      )\n      _describe -t commands command commands ;;\n",
                  "    argument)\n      case $line[1] in\n");
  for (const CompletionCommand& sub : command.commands) {
    const std::string sub_path = path.empty() ? sub.name : absl::StrCat(path, " ", sub.name);
    absl::StrAppend(&text, "        ", sub.name, ") ", ZshFunction(sub_path), " ;;\n");
  }
  return text + "      esac ;;\n  esac\n";
}

// ---- fish.

std::string FishQuote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}, {"\n", " "}}),
                      "'");
}

std::string FishValues(const CompletionValue& value) {
  if (value.kind == ValueKind::kFile) return " -r -F";
  if (value.kind == ValueKind::kChoice) {
    return absl::StrCat(" -x -a ", FishQuote(absl::StrJoin(value.choices, " ")));
  }
  const std::string list = ListCommand(value.kind);
  return list.empty() ? " -x" : absl::StrCat(" -x -a ", FishQuote(absl::StrCat("(", list, ")")));
}

std::string FishOption(const CompletionOption& option) {
  std::string text;
  for (const std::string& flag : option.flags) {
    const bool is_long = absl::StartsWith(flag, "--");
    absl::StrAppend(&text, is_long ? " -l " : " -s ", flag.substr(is_long ? 2 : 1));
  }
  absl::StrAppend(&text, " -d ", FishQuote(option.description));
  return option.takes_value ? text + FishValues(option.value) : text;
}

std::string FishCommand(const CompletionCommand& command, const std::string& path) {
  const std::string head = absl::StrCat("complete -c boardloop -n ",
                                        FishQuote(absl::StrCat("__boardloop_at \"", path, "\"")));
  std::string text;
  for (const CompletionCommand& sub : command.commands) {
    absl::StrAppend(&text, head, " -f -a ", sub.name, " -d ", FishQuote(sub.description), "\n");
  }
  for (const CompletionOption& option : command.options) {
    absl::StrAppend(&text, head, FishOption(option), "\n");
  }
  for (const CompletionValue& positional : command.positionals) {
    absl::StrAppend(&text, head, FishValues(positional), "\n");
  }
  return text;
}

}  // namespace

CompletionCommand CompletionTree(const CLI::App& app) {
  CompletionCommand command;
  command.name = app.get_name();
  command.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.positionals.push_back(ValueOf(option->get_type_name()));
    } else {
      command.options.push_back(OptionOf(*option));
    }
  }
  const std::function<bool(const CLI::App*)> all;
  for (const CLI::App* sub : app.get_subcommands(all)) {
    command.commands.push_back(CompletionTree(*sub));
  }
  return command;
}

std::string BashCompletion(const CompletionCommand& program) {
  std::vector<std::string> paths;
  std::string option_cases, flag_cases, word_cases;
  ForEachCommand(program, "", [&](const CompletionCommand& command, const std::string& path) {
    if (!path.empty()) paths.push_back(Quote(path));
    option_cases += BashOptionCases(command, path);
    absl::StrAppend(&flag_cases, "      ", Quote(path), ") ",
                    BashOffer("-W " + Quote(FlagsText(command))), " ;;\n");
    std::string values;
    if (!command.commands.empty()) values = "-W " + Quote(NamesText(command));
    for (const CompletionValue& positional : command.positionals) {
      if (values.empty()) values = BashValues(positional);
    }
    if (values.empty()) return;
    absl::StrAppend(&word_cases, "    ", Quote(path), ") ", BashOffer(values), " ;;\n");
  });
  return absl::StrCat(
      "# bash completion for boardloop: source this file, or write it to\n"
      "# ~/.local/share/bash-completion/completions/boardloop\n"
      "_boardloop() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' word i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=${path:+$path }${COMP_WORDS[i]}\n"
      "    case $word in\n"
      "      ",
      absl::StrJoin(paths, "|"),
      ") path=$word ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path $prev\" in\n",
      option_cases,
      "  esac\n"
      "  if [[ $cur == -* ]]; then\n"
      "    case $path in\n",
      flag_cases,
      "    esac\n"
      "    return\n"
      "  fi\n"
      "  case $path in\n",
      word_cases,
      "  esac\n"
      "}\n"
      "complete -o filenames -F _boardloop boardloop\n");
}

std::string ZshCompletion(const CompletionCommand& program) {
  std::string text =
      "#compdef boardloop\n"
      "# zsh completion for boardloop: write it to a file named _boardloop in a folder of $fpath\n";
  ForEachCommand(program, "", [&](const CompletionCommand& command, const std::string& path) {
    absl::StrAppend(&text, "\n", ZshFunction(path), "() {\n",
                    command.commands.empty() ? ZshLeaf(command) : ZshBranch(command, path), "}\n");
  });
  return text +
         "\nif [[ $funcstack[1] == _boardloop ]]; then\n"
         "  _boardloop \"$@\"\n"
         "else\n"
         "  compdef _boardloop boardloop\n"
         "fi\n";
}

std::string FishCompletion(const CompletionCommand& program) {
  std::vector<std::string> paths;
  std::string rules;
  ForEachCommand(program, "", [&](const CompletionCommand& command, const std::string& path) {
    if (!path.empty()) paths.push_back(FishQuote(path));
    rules += FishCommand(command, path);
  });
  return absl::StrCat(
      "# fish completion for boardloop: write it to ~/.config/fish/completions/boardloop.fish\n"
      "function __boardloop_at\n"
      "  set -l known ",
      absl::StrJoin(paths, " "),
      "\n"
      "  set -l path ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    set -l next (string trim -- \"$path $word\")\n"
      "    if contains -- $next $known\n"
      "      set path $next\n"
      "    end\n"
      "  end\n"
      "  test \"$path\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c boardloop -f\n",
      rules);
}

}  // namespace boardloop
