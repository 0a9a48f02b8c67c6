// Lines of what a check found.
#pragma once

#include <string>
#include <vector>

namespace boardloop {

// One kind of check: adds at most 100 lines.
class Reporter {
 public:
  explicit Reporter(std::vector<std::string>& findings) : findings_(findings) {}
  void Add(const std::string& finding) {
    if (++count_ <= kMax) findings_.push_back(finding);
    if (count_ == kMax + 1) findings_.push_back("... and more of this kind");
  }

 private:
  static constexpr int kMax = 100;
  std::vector<std::string>& findings_;
  int count_ = 0;
};

}  // namespace boardloop
