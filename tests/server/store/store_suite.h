// The suite that every implementation of Store passes: store_suite_test.cc has the tests and names the implementations.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "server/store/store.h"
#include "tests/support/test_folder.h"

namespace boardloop {

// A store of one implementation, empty at first.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  // What was written by store().Backup(path).
  virtual std::unique_ptr<Store> OpenBackup(const std::string& path) = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>(const TestFolder& folder)> make;
};
inline void PrintTo(const StoreKind& kind, std::ostream* os) { *os << kind.name; }

class StoreSuite : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { under_test_ = GetParam().make(folder_); }
  Store& store() { return under_test_->store(); }
  // Runs `work`, which must succeed.
  void Run(const Work& work);

  TestFolder folder_;
  std::unique_ptr<StoreUnderTest> under_test_;
};

}  // namespace boardloop
