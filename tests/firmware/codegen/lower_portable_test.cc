#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "firmware/codegen/kernel_catalog.h"
#include "firmware/codegen/lowering.h"
#include "firmware/engine/engine.h"
#include "tests/firmware/engine/kernel_case.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The calls of the last operator of `graph`, with random weights.
std::vector<LoweredCall> LowerLast(const Graph& graph) {
  Step step;
  step.ops = {static_cast<int32_t>(graph.ops.size()) - 1};
  const auto calls = LowerPortable(RandomModel(graph, 1), step);
  EXPECT_TRUE(calls.ok()) << calls.status();
  return calls.ok() ? *calls : std::vector<LoweredCall>{};
}

int64_t ValueOf(const LoweredCall& call, const std::string& name) {
  for (const Field& field : call.fields) {
    if (field.name == name) return field.value;
  }
  ADD_FAILURE() << call.kernel << " has no member " << name;
  return 0;
}

// Calls visit(case, calls) for a few cases of each kind.
template <typename Visit>
void ForEachCase(Visit visit) {
  for (int kind = 0; kind < kCaseKinds; ++kind) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const KernelCase c = MakeKernelCase(static_cast<CaseKind>(kind), seed);
      const auto calls = LowerPortable(c.model, c.step);
      ASSERT_TRUE(calls.ok()) << c.label << ": " << calls.status();
      visit(c, *calls);
    }
  }
}

TEST(LowerPortableTest, EveryKernelIsInTheCatalogAndUsed) {
  std::set<std::string> in_catalog, used;
  for (const KernelObject& object : PortableKernelObjects()) {
    for (const std::string& kernel : object.kernels) {
      EXPECT_TRUE(in_catalog.insert(kernel).second) << kernel << " is there twice";
    }
  }
  ForEachCase([&](const KernelCase&, const std::vector<LoweredCall>& calls) {
    for (const LoweredCall& call : calls) used.insert(call.kernel);
  });
  EXPECT_EQ(used, in_catalog);
}

TEST(LowerPortableTest, AKernelHasOneTypeOfParametersThatFitsTheTileCopy) {
  std::map<std::string, std::vector<std::string>> members;  // By type.
  ForEachCase([&](const KernelCase& c, const std::vector<LoweredCall>& calls) {
    for (const LoweredCall& call : calls) {
      std::vector<std::string> names;
      for (const Field& field : call.fields) names.push_back(field.name);
      const auto [known, fresh] = members.try_emplace(call.params_type, names);
      EXPECT_EQ(known->second, names) << c.label;
      EXPECT_LE((16 + names.size()) * 4, static_cast<size_t>(BL_MAX_PARAMS_BYTES));
    }
  });
}

TEST(LowerPortableTest, PointersLeadToAlignedConstants) {
  ForEachCase([&](const KernelCase& c, const std::vector<LoweredCall>& calls) {
    for (const LoweredCall& call : calls) {
      for (const Field& field : call.fields) {
        if (field.kind != Field::Kind::kData) continue;
        EXPECT_EQ(field.value % 4, 0) << c.label << " " << field.name;
        EXPECT_GE(field.value, 0);
        EXPECT_LT(field.value, static_cast<int64_t>(call.data.size()))
            << c.label << " " << field.name;
      }
    }
  });
}

TEST(LowerPortableTest, WeightBytesAreTheFilterElements) {
  ForEachCase([&](const KernelCase& c, const std::vector<LoweredCall>& calls) {
    EXPECT_EQ(calls[0].weight_bytes, FilterElements(c.model.graph, c.first_op())) << c.label;
  });
}

TEST(LowerPortableTest, ConcatenationHasACallForEachInput) {
  GraphBuilder builder("concat");
  const int32_t x = builder.Input({4, 4, 3});
  const int32_t constant = builder.Constant({4, 4, 5}, "constant");
  Op op;
  op.kind = OpKind::kConcat;
  op.name = "concat";
  op.inputs = {x, constant, x};
  const int32_t output = builder.Add(op);
  const auto graph = std::move(builder).Build({output});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<LoweredCall> calls = LowerLast(*graph);
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(ValueOf(calls[0], "first_channel"), 0);
  EXPECT_EQ(ValueOf(calls[1], "first_channel"), 3);
  EXPECT_EQ(ValueOf(calls[2], "first_channel"), 8);
  EXPECT_EQ(calls[1].kernel, "bl_concat_constant_s8");
  EXPECT_EQ(calls[1].data.size(), 4u * 4 * 5);
  // Constants are not views: the output stands in.
  EXPECT_EQ(calls[1].input, output);
}

TEST(LowerPortableTest, AConstantOperandComesSecondAndLiesInTheData) {
  GraphBuilder builder("add");
  const int32_t x = builder.Input({2, 2, 3});
  const int32_t constant = builder.Constant({1, 1, 3}, "constant");
  const int32_t sum = builder.AddTensors("add", constant, x, Activation::kNone);
  const auto graph = std::move(builder).Build({sum});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<LoweredCall> calls = LowerLast(*graph);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].kernel, "bl_add_constant_s8");
  EXPECT_EQ(calls[0].input, x);
  EXPECT_EQ(calls[0].second, -1);
  const Model model = RandomModel(*graph, 1);
  const std::vector<int8_t>& values = model.constants.at(constant);
  const auto* data = reinterpret_cast<const int8_t*>(calls[0].data.data());
  const int64_t offset = ValueOf(calls[0], "constant");
  EXPECT_THAT(std::vector<int8_t>(data + offset, data + offset + 3),
              ElementsAre(values[0], values[1], values[2]));
}

TEST(LowerPortableTest, RefusesAnOperatorOnConstantsAlone) {
  GraphBuilder builder("constants");
  builder.Input({1, 1, 3});
  const int32_t a = builder.Constant({1, 1, 3}, "a");
  const int32_t sum = builder.AddTensors("sum", a, a, Activation::kNone);
  const auto graph = std::move(builder).Build({sum});
  ASSERT_TRUE(graph.ok()) << graph.status();
  Step step;
  step.ops = {0};
  const auto calls = LowerPortable(RandomModel(*graph, 1), step);
  EXPECT_EQ(calls.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(calls.status().message()),
              HasSubstr("op 0 (ADD \"sum\"): all its inputs are constants"));
}

TEST(LowerPortableTest, RefusesScalesOutsideTheArithmetic) {
  GraphBuilder builder("add");
  const int32_t x = builder.Input({2, 2, 3});
  const int32_t sum = builder.AddTensors("sum", x, x, Activation::kNone);
  const auto graph = std::move(builder).Build({sum});
  ASSERT_TRUE(graph.ok()) << graph.status();
  Model model = RandomModel(*graph, 1);
  model.quantization[sum].scale = 1e-9f;
  Step step;
  step.ops = {0};
  const auto calls = LowerPortable(model, step);
  EXPECT_EQ(calls.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(calls.status().message()), HasSubstr("must be in (0, 1)"));
}

}  // namespace
}  // namespace boardloop
