// write_onnx_cases DIR NETWORK...: writes each network (as `boardloop` takes it) as 0.onnx, 1.onnx, ...
// and cases.json with what core/quant answers to the inputs of golden_input.h, for check_onnx.py.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/load_network.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/onnx/onnx.h"
#include "core/quant/interpreter.h"
#include "nlohmann/json.hpp"
#include "tests/golden/golden_input.h"

namespace boardloop {
namespace {

constexpr uint64_t kSeeds = 16;

nlohmann::ordered_json Describe(const Model& model, int32_t tensor) {
  const Shape& shape = model.graph.shape(tensor);
  const Quantization& q = model.quantization[tensor];
  return {{"shape", {shape.height, shape.width, shape.channels}},
          {"scale", q.scale},
          {"zero_point", q.zero_point}};
}

std::string Hex(absl::Span<const int8_t> values) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(values.data()), values.size()});
}

absl::StatusOr<nlohmann::ordered_json> WriteCase(const std::string& folder, const std::string& file,
                                                 const std::string& network) {
  BL_ASSIGN_OR_RETURN(const Model model, LoadModel(network, ""));
  BL_ASSIGN_OR_RETURN(const std::string onnx, ExportOnnx(model));
  BL_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", file), onnx));
  BL_ASSIGN_OR_RETURN(Interpreter interpreter, Interpreter::Create(model));
  nlohmann::ordered_json outputs;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const size_t size = model.graph.shape(model.graph.input).elements();
    BL_RETURN_IF_ERROR(interpreter.Run(GoldenInput(seed, size)));
    outputs.push_back(Hex(interpreter.Output()));
  }
  return nlohmann::ordered_json{{"network", network},
                                {"onnx", file},
                                {"input", Describe(model, model.graph.input)},
                                {"output", Describe(model, model.graph.outputs[0])},
                                {"outputs", outputs}};
}

absl::Status WriteCases(int argc, char** argv) {
  if (argc < 3) return absl::InvalidArgumentError("usage: write_onnx_cases DIR NETWORK...");
  nlohmann::ordered_json cases;
  for (int i = 2; i < argc; ++i) {
    absl::StatusOr<nlohmann::ordered_json> written =
        WriteCase(argv[1], absl::StrCat(i - 2, ".onnx"), argv[i]);
    if (!written.ok()) return Annotate(written.status(), argv[i]);
    cases.push_back(*std::move(written));
  }
  return WriteFileAtomically(absl::StrCat(argv[1], "/cases.json"), cases.dump(1));
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  const absl::Status status = boardloop::WriteCases(argc, argv);
  if (!status.ok()) std::cerr << "write_onnx_cases: " << status << "\n";
  return status.ok() ? 0 : 1;
}
