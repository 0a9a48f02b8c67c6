#include "firmware/codegen/kernel_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(KernelCatalogTest, ObjectsAndKernelsHaveNamesOfTheirOwn) {
  std::set<std::string> objects, kernels;
  for (const KernelObject& object : KernelCatalog()) {
    EXPECT_TRUE(objects.insert(object.name).second) << object.name;
    for (const std::string& kernel : object.kernels) {
      EXPECT_TRUE(kernels.insert(kernel).second) << kernel;
    }
  }
}

TEST(KernelCatalogTest, SourcesAreThere) {
  for (const KernelObject& object : KernelCatalog()) {
    EXPECT_TRUE(std::filesystem::exists(object.source)) << object.source;
  }
  for (const std::string& source : EngineSources()) {
    EXPECT_TRUE(std::filesystem::exists(source)) << source;
  }
}

TEST(KernelCatalogTest, AnObjectWithTwoOfTheKernelsIsListedOnce) {
  EXPECT_THAT(ObjectsFor({"bl_conv_s8", "bl_conv_add_s8"}), IsOkAndHolds(SizeIs(1)));
}

TEST(KernelCatalogTest, AnUnknownKernelIsNamed) {
  EXPECT_THAT(ObjectsFor({"bl_conv_s8", "bl_warp_s8"}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("bl_warp_s8")));
}

}  // namespace
}  // namespace boardloop
