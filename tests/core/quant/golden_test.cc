// The interpreter against outputs of a real LiteRT with its reference kernels, byte for byte
// (tests/golden/README.md).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "core/quant/interpreter.h"
#include "core/tflite/tflite.h"
#include "tests/golden/golden_input.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

struct Golden {
  std::string path;
  std::vector<uint64_t> seeds;
  std::vector<std::string> outputs;  // Bytes, one per seed.
};

std::ostream& operator<<(std::ostream& out, const Golden& golden) { return out << golden.path; }

// `file` lists outputs of models in `folder`.
std::vector<Golden> ReadGoldens(const std::string& file, const std::string& folder) {
  std::ifstream stream("tests/golden/" + file);
  const nlohmann::json document = nlohmann::json::parse(stream);
  std::vector<Golden> goldens;
  for (const nlohmann::json& entry : document.at("goldens")) {
    Golden golden;
    golden.path = folder + "/" + entry.at("model").get<std::string>();
    golden.seeds = document.at("seeds").get<std::vector<uint64_t>>();
    for (const nlohmann::json& hex : entry.at("outputs")) {
      golden.outputs.push_back(absl::HexStringToBytes(hex.get<std::string>()));
    }
    goldens.push_back(std::move(golden));
  }
  return goldens;
}

std::string TestName(const testing::TestParamInfo<Golden>& info) {
  std::string name = std::filesystem::path(info.param.path).stem().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

class GoldenTest : public testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, OutputsEqualLiteRts) {
  const Golden& golden = GetParam();
  if (!std::filesystem::exists(golden.path)) {
    GTEST_SKIP() << golden.path << " is not there: it is shared data, not part of the repository";
  }
  absl::StatusOr<Model> model = LoadTflite(golden.path);
  ASSERT_THAT(model, IsOk());
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(*model);
  ASSERT_THAT(interpreter, IsOk());
  const auto size = static_cast<size_t>(model->graph.shape(model->graph.input).elements());
  ASSERT_EQ(golden.outputs.size(), golden.seeds.size());
  for (size_t i = 0; i < golden.seeds.size(); ++i) {
    ASSERT_THAT(interpreter->Run(GoldenInput(golden.seeds[i], size)), IsOk());
    const absl::Span<const int8_t> found = interpreter->Output();
    const std::string& wanted = golden.outputs[i];
    EXPECT_EQ(std::vector<int>(found.begin(), found.end()),
              std::vector<int>(reinterpret_cast<const int8_t*>(wanted.data()),
                               reinterpret_cast<const int8_t*>(wanted.data()) + wanted.size()))
        << "seed " << golden.seeds[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, GoldenTest,
                         testing::ValuesIn(ReadGoldens("networks.json", "../shared/data/models")),
                         TestName);
INSTANTIATE_TEST_SUITE_P(Operators, GoldenTest,
                         testing::ValuesIn(ReadGoldens("operators.json", "tests/golden/op_models")),
                         TestName);

}  // namespace
}  // namespace boardloop
