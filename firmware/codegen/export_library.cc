#include "firmware/codegen/export_library.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/numbers.h"
#include "core/base/status.h"
#include "firmware/codegen/c_text.h"
#include "firmware/codegen/kernel_catalog.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSourceBytes = int64_t{4} << 20;
constexpr char kQuotedPath[] = "\"firmware/engine/";

using Files = std::map<std::string, std::string>;  // Content by path in the folder.

// The path of the engine's file that a line of the preprocessor names, from the project's root: in
// an #include, or in the #define of a name that is included. Empty for all other lines.
std::string NamedPath(const std::string& line) {
  const size_t begin = line.find(kQuotedPath);
  if (line.compare(0, 1, "#") != 0 || begin == std::string::npos) return "";
  return line.substr(begin + 1, line.find('"', begin + 1) - begin - 1);
}

// Adds the engine's source at `path` and what it includes. Includes start at the project's root;
// here they become relative, so that no compiler needs to be told of a folder.
absl::Status AddSource(const std::string& source_folder, const std::string& path, Files& files) {
  if (files.find(path) != files.end()) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const std::string source,
                      ReadFile(source_folder + "/" + path, kMaxSourceBytes));
  std::string up;
  for (char c : path) {
    if (c == '/') up += "../";
  }
  std::string& copy = files[path];
  std::vector<std::string> named;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    const std::string other = NamedPath(line);
    if (!other.empty()) {
      named.push_back(other);
      line.insert(line.find(kQuotedPath) + 1, up);
    }
    copy += line + "\n";
  }
  for (const std::string& other : named) {
    BL_RETURN_IF_ERROR(AddSource(source_folder, other, files));
  }
  return absl::OkStatus();
}

// One object: its source, compiled with its constants.
absl::Status AddObject(const std::string& source_folder, const KernelObject& object, Files& files) {
  BL_RETURN_IF_ERROR(AddSource(source_folder, object.source, files));
  std::string text;
  for (const std::string& define : object.defines) {
    const size_t equals = std::min(define.find('='), define.size());
    const bool has_value = equals < define.size();
    text += "#define " + define.substr(0, equals) + " " +
            (has_value ? define.substr(equals + 1) : "1") + "\n";
  }
  text += "#include \"" + object.source + "\"\n";
  files["engine_" + object.name + fs::path(object.source).extension().string()] = text;
  return absl::OkStatus();
}

bool IsIdentifier(const std::string& text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && is_letter(text[0]) && text != "bl_network" &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

std::string Readme(const EngineProgram& program, const EmitOptions& options, bool dsp) {
  const char* command =
      dsp ? "arm-none-eabi-gcc -mcpu=cortex-m4 -mfloat-abi=hard -O2 -c *.c *.S  # or cortex-m7"
          : "cc -O2 *.c *.S -o example && ./example";
  const bool resident = program.input_mode == InputMode::kResident;
  int64_t sram = 0;
  for (int64_t bytes : program.region_bytes) sram += bytes;
  return absl::StrFormat(
      "# %s\n\n"
      "A neural network as a C11 library, made by Boardloop: int8, no heap, no operating "
      "system.\n\n"
      "```\n%s\n```\n\n"
      "`example.c` runs the network once; leave it out of your project and keep all other files. "
      "Call\n`%s.run(&%s, &hooks)` as it does; `%s.h` says what goes in and comes out.\n\n"
      "| | |\n|---|---|\n"
      "| input | int8, %s, %s |\n"
      "| output | int8, %d values |\n"
      "| SRAM | %s B of activations and scratch, and stack |\n"
      "| flash | %s B of weights and constants, and code |\n\n"
      "`%s_constants.S` includes `%s_constants.bin`: a compiler that runs in another folder finds "
      "it "
      "with\n`-Wa,-I,FOLDER`. The network is not reentrant: one run at a time.\n\n"
      "Networks that Boardloop trained take a pixel of 0 to 255 as the int8 `pixel - 128`, rows "
      "from the top,\nchannels innermost, and answer with one value per class, in the order of "
      "`classes` in the search's\n`result.json`: the largest wins.\n\n"
      "The engine in `firmware/engine` is under the Apache License, version 2.0.\n",
      CommentText(program.name), command, options.prefix, options.prefix, options.prefix,
      program.input_shape.ToString(), resident ? "written by you before each run" : "streamed",
      program.output_bytes, FormatInteger(sram), FormatInteger(program.FlashBytes()),
      options.prefix, options.prefix);
}

absl::Status WriteAll(const Files& files, const std::string& folder) {
  for (const auto& [path, content] : files) {
    const fs::path target = fs::path(folder) / path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) {
      return absl::UnavailableError(absl::StrFormat(
          "cannot create the folder %s: %s", target.parent_path().string(), error.message()));
    }
    BL_RETURN_IF_ERROR(WriteFileAtomically(target.string(), content));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ExportLibrary(const EngineProgram& program, const EmitOptions& options,
                           const std::string& source_folder, const std::string& folder) {
  if (!IsIdentifier(options.prefix)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the prefix is \"%s\", must be a C identifier that the engine does not use",
                        options.prefix));
  }
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s exists and is not empty; a library needs a folder of its own", folder));
  }
  BL_ASSIGN_OR_RETURN(const std::vector<KernelObject> objects, ObjectsFor(program.Kernels()));
  Files files;
  bool dsp = false;
  for (const KernelObject& object : objects) {
    BL_RETURN_IF_ERROR(AddObject(source_folder, object, files));
    dsp = dsp || object.set == KernelSet::kDsp;
  }
  for (const std::string& source : EngineSources()) {
    const KernelObject object{fs::path(source).stem().string(), source, {}, {}};
    BL_RETURN_IF_ERROR(AddObject(source_folder, object, files));
  }
  // The generated source names the headers of all its kernels.
  EmitOptions plain = options;
  plain.arena_sections = false;  // Whose linker script it is, nobody knows.
  const GeneratedSources sources = EmitC(program, plain);
  std::istringstream lines(sources.source + sources.header);
  for (std::string line; std::getline(lines, line);) {
    const std::string path = NamedPath(line);
    if (!path.empty()) BL_RETURN_IF_ERROR(AddSource(source_folder, path, files));
  }
  files[options.prefix + ".h"] = sources.header;
  files[options.prefix + ".c"] = sources.source;
  files[options.prefix + "_constants.bin"] = sources.constants;
  files[options.prefix + "_constants.S"] = sources.constants_assembly;
  files["example.c"] = EmitExample(program, options);
  files["README.md"] = Readme(program, options, dsp);
  return WriteAll(files, folder);
}

}  // namespace boardloop
