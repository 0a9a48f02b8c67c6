// Every command line that a command's help shows is one that the program takes.

#include <string>
#include <vector>

#include "cli/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

using ::testing::Contains;
using ::testing::Gt;
using ::testing::SizeIs;

constexpr char kProgram[] = "boardloop ";

// The words of a shell's command line up to its end, a pipe or a redirection; quotes are removed.
std::vector<std::string> Words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool open = false;
  for (const char c : line + " ") {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (std::string(" |><&;)").find(c) != std::string::npos) {
      if (open) words.push_back(word);
      word.clear();
      open = false;
      if (c != ' ') return words;
    } else {
      word += c;
      open = true;
    }
  }
  return words;
}

// What follows "boardloop " wherever an example's line has it.
void AddExamples(const std::string& line, std::vector<std::string>& examples) {
  for (size_t at = line.find(kProgram); at != std::string::npos; at = line.find(kProgram, at + 1)) {
    examples.push_back(line.substr(at + sizeof(kProgram) - 1));
  }
}

// Of a command's help, and those below it: the indented lines behind "Examples:".
void CollectExamples(const CLI::App& command, std::vector<std::string>& examples) {
  const std::string notes = command.get_footer();
  size_t at = notes.find("Examples:\n");
  if (at != std::string::npos) {
    at = notes.find('\n', at) + 1;
    while (notes.compare(at, 2, "  ") == 0) {
      const size_t end = notes.find('\n', at);
      AddExamples(notes.substr(at, end - at), examples);
      if (end == std::string::npos) break;
      at = end + 1;
    }
  }
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    CollectExamples(*child, examples);
  }
}

// What the program says of a command line; "" when it takes it. Nothing is run.
std::string Refusal(const std::string& line) {
  CLI::App program;
  Action action;
  AddCommands(program, action);
  std::vector<std::string> words = Words(line);
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // As CLI11 takes them.
  try {
    program.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return action == nullptr ? "no command is named" : "";
}

TEST(HelpExamplesTest, EachIsACommandLineThatTheProgramTakes) {
  CLI::App program;
  Action action;
  AddCommands(program, action);
  std::vector<std::string> examples;
  CollectExamples(program, examples);
  EXPECT_THAT(examples, SizeIs(Gt(40)));
  EXPECT_THAT(examples, Contains("submit --watch"));
  for (const std::string& example : examples) {
    EXPECT_EQ(Refusal(example), "") << "boardloop " << example;
  }
}

TEST(HelpExamplesTest, AWrongOneWouldBeSeen) {
  EXPECT_NE(Refusal("submit --dataset x --dataset-kind cifar"), "");
  EXPECT_NE(Refusal("submitt"), "");
  EXPECT_NE(Refusal(""), "");
}

}  // namespace
}  // namespace boardloop
