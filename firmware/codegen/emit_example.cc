#include "absl/strings/str_format.h"
#include "firmware/codegen/c_text.h"
#include "firmware/codegen/emit_c.h"

namespace boardloop {
namespace {

// The parts in which the two input modes differ.
struct InputPart {
  std::string functions;
  std::string fill;   // In main, before the run.
  std::string hooks;  // Initializer.
};

InputPart Resident(const EmitOptions& options) {
  InputPart part;
  part.fill = absl::StrFormat(
      "  /* An image: quantized values, height x width x channels. Here: a ramp. */\n"
      "  for (int i = 0; i < %s_INPUT_BYTES; ++i) %s.input[i] = (int8_t)i;\n",
      UpperCase(options.prefix), options.prefix);
  part.hooks = "{0}";
  return part;
}

InputPart Streamed(const EngineProgram& program) {
  InputPart part;
  part.functions = absl::StrFormat(
      "/* Gives a window of the image: from a camera, a decoder, flash. Here: a ramp. */\n"
      "static void read_input(void* context, int32_t row, int32_t column, int32_t rows,\n"
      "                       int32_t columns, int8_t* destination) {\n"
      "  (void)context;\n"
      "  for (int32_t y = row; y < row + rows; ++y) {\n"
      "    for (int32_t i = column * %d; i < (column + columns) * %d; ++i) {\n"
      "      *destination++ = (int8_t)(y * %d + i);\n"
      "    }\n"
      "  }\n"
      "}\n\n",
      program.input_shape.channels, program.input_shape.channels,
      program.input_shape.width * program.input_shape.channels);
  part.hooks = "{.read_input = read_input}";
  return part;
}

}  // namespace

std::string EmitExample(const EngineProgram& program, const EmitOptions& options) {
  const InputPart part =
      program.input_mode == InputMode::kResident ? Resident(options) : Streamed(program);
  return absl::StrFormat(
      "/* Runs the network once and prints its output. */\n"
      "#include <stdio.h>\n\n"
      "#include \"%s.h\"\n\n"
      "%s"
      "int main(void) {\n"
      "%s"
      "  const bl_hooks hooks = %s;\n"
      "  %s.run(&%s, &hooks);\n"
      "  for (int i = 0; i < %s.output_bytes; ++i) printf(\"%%d\\n\", %s.output[i]);\n"
      "  return 0;\n"
      "}\n",
      options.prefix, part.functions, part.fill, part.hooks, options.prefix, options.prefix,
      options.prefix, options.prefix);
}

}  // namespace boardloop
