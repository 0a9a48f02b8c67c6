#include "server/report/result_json.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/server/report/sample_report.h"

namespace boardloop {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> Keys(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(ResultJsonTest, HasTheDocumentedFields) {
  const Json json = Json::parse(ResultJson(SampleReport()));
  for (const char* field : {"candidates_measured", "val_top1", "test_top1_fp32", "test_top1_int8",
                            "board_images", "board_equals_host", "board_top1", "latency_ms",
                            "timing", "timing_model", "space", "winner", "search"}) {
    ASSERT_TRUE(json.contains(field)) << field;
    EXPECT_FALSE(json[field].is_null()) << field;
  }
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["search"], "searches/sample");
  EXPECT_EQ(json["seed"], 18446744073709551615U);
  EXPECT_EQ(json["timing"], "MODELLED");
  EXPECT_EQ(json["timing_model"], "cortex-m4-trm 1");
  EXPECT_EQ(json["board_images"], 1000);
  EXPECT_EQ(json["board_equals_host"], true);
  EXPECT_EQ(json["board_top1"], 0.911);
  EXPECT_EQ(json["test_top1_int8"], 0.9174);
  EXPECT_EQ(json["seconds"]["SUPERNET"], 9120);
  EXPECT_EQ(json["versions"]["worker"], "0.1.0");
  EXPECT_EQ(json["space"]["width_mult"], 0.5);
  EXPECT_EQ(json["create_time"], "2026-01-01T00:00:00.000Z");
}

TEST(ResultJsonTest, PartsOfMemoryAddUp) {
  const Json json = Json::parse(ResultJson(SampleReport()));
  const Json& sram = json["sram"];
  EXPECT_EQ(sram["total"], sram["arena"].get<int64_t>() + sram["scratch"].get<int64_t>() +
                               sram["data"].get<int64_t>() + sram["stack"].get<int64_t>());
  const Json& flash = json["flash"];
  EXPECT_EQ(flash["total"], flash["weights"].get<int64_t>() + flash["constants"].get<int64_t>() +
                                flash["code"].get<int64_t>());
}

TEST(ResultJsonTest, LimitsRefuseSharesOfRandomNetworks) {
  SearchReport report = SampleReport();
  Json shares = Json::parse(ResultJson(report))["limits_refuse"];
  EXPECT_EQ(shares["sampled"], 1000);
  EXPECT_EQ(shares["sram"], 0.685);
  EXPECT_EQ(shares["flash"], 0.564);
  EXPECT_EQ(shares["latency"], 0.603);
  EXPECT_EQ(shares["any"], 0.901);
  report.limit_shares->clear_over_latency();
  EXPECT_TRUE(Json::parse(ResultJson(report))["limits_refuse"]["latency"].is_null());
}

TEST(ResultJsonTest, ClassesAreNamedInTheOrderOfTheOutputs) {
  EXPECT_EQ(Json::parse(ResultJson(SampleReport()))["classes"], Json({"boot", "sandal", "shirt"}));
}

TEST(ResultJsonTest, FrontHasBestTop1First) {
  const Json front = Json::parse(ResultJson(SampleReport()))["front"];
  ASSERT_GT(front.size(), 1);
  for (size_t i = 1; i < front.size(); ++i) EXPECT_GE(front[i - 1]["top1"], front[i]["top1"]);
  EXPECT_GT(front[0]["latency_ms"], 0);
  EXPECT_GT(front[0]["sram_bytes"], 0);
}

TEST(ResultJsonTest, CountsAddUp) {
  const Json json = Json::parse(ResultJson(SampleReport()));
  EXPECT_EQ(json["candidates"], 200);
  EXPECT_EQ(json["candidates_feasible"].get<int64_t>() +
                json["candidates_infeasible"].get<int64_t>() +
                json["candidates_failed"].get<int64_t>(),
            200);
}

TEST(ResultJsonTest, WhatIsNotKnownIsNull) {
  const Json json = Json::parse(ResultJson(EmptyReport()));
  for (const char* field : {"winner",
                            "winner_candidate",
                            "val_top1",
                            "val_top1_int8",
                            "kept_inherited",
                            "test_top1_fp32",
                            "test_top1_int8",
                            "test_images",
                            "qat",
                            "classes",
                            "board_images",
                            "board_equals_host",
                            "board_top1",
                            "latency_ms",
                            "resident_latency_ms",
                            "timing",
                            "timing_model",
                            "space",
                            "predictor",
                            "limits_refuse",
                            "end_time",
                            "macs"}) {
    ASSERT_TRUE(json.contains(field)) << field;
    EXPECT_TRUE(json[field].is_null()) << field << ": " << json[field];
  }
  for (const auto& [part, bytes] : json["sram"].items()) EXPECT_TRUE(bytes.is_null()) << part;
  for (const auto& [part, bytes] : json["flash"].items()) EXPECT_TRUE(bytes.is_null()) << part;
  EXPECT_TRUE(json["limits"]["latency_ms"].is_null());
  EXPECT_EQ(json["front"], Json::array());
  EXPECT_EQ(json["candidates_measured"], 0) << "a count of none is known";
}

TEST(ResultJsonTest, HasTheSameFieldsInTheSameOrderWhateverIsKnown) {
  EXPECT_EQ(Keys(Json::parse(ResultJson(SampleReport()))),
            Keys(Json::parse(ResultJson(EmptyReport()))));
}

TEST(ResultJsonTest, WrongBoardOutputIsFalse) {
  SearchReport report = SampleReport();
  report.image->set_exact(false);
  EXPECT_EQ(Json::parse(ResultJson(report))["board_equals_host"], false);
}

TEST(ResultJsonTest, HostileTextStaysText) {
  const Json json = Json::parse(ResultJson(HostileReport()));
  EXPECT_THAT(json["display_name"].get<std::string>(), testing::HasSubstr("<script>alert(1)"));
}

TEST(ResultJsonTest, WhatIsNotANumberIsNull) {
  SearchReport report = SampleReport();
  report.image->set_latency_ms(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(Json::parse(ResultJson(report))["latency_ms"].is_null());
}

}  // namespace
}  // namespace boardloop
