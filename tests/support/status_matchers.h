// GoogleTest matchers for absl::Status and absl::StatusOr<T>:
//
//   EXPECT_THAT(WriteFileAtomically(path, text), IsOk());
//   EXPECT_THAT(ReadFile(path, 10), IsOkAndHolds("text"));
//   EXPECT_THAT(ReadFile(path, 1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4
//   bytes")));
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// Matches a Status or a StatusOr of any type by code and message.
class StatusIsMatcher {
 public:
  StatusIsMatcher(absl::StatusCode code, ::testing::Matcher<std::string> message)
      : code_(code), message_(std::move(message)) {}

  template <typename StatusLike>
  bool MatchAndExplain(const StatusLike& status_like,
                       ::testing::MatchResultListener* listener) const {
    const absl::Status& status = StatusOf(status_like);
    *listener << "whose status is " << status.ToString();
    return status.code() == code_ && message_.Matches(std::string(status.message()));
  }

  void DescribeTo(std::ostream* os) const {
    *os << "has code " << absl::StatusCodeToString(code_) << " and a message that ";
    message_.DescribeTo(os);
  }
  void DescribeNegationTo(std::ostream* os) const {
    *os << "has a code other than " << absl::StatusCodeToString(code_) << " or a message that ";
    message_.DescribeNegationTo(os);
  }

 private:
  absl::StatusCode code_;
  ::testing::Matcher<std::string> message_;
};

class IsOkMatcher {
 public:
  template <typename StatusLike>
  bool MatchAndExplain(const StatusLike& status_like,
                       ::testing::MatchResultListener* listener) const {
    *listener << "whose status is " << StatusOf(status_like).ToString();
    return status_like.ok();
  }

  void DescribeTo(std::ostream* os) const { *os << "is OK"; }
  void DescribeNegationTo(std::ostream* os) const { *os << "is not OK"; }
};

// IsOkAndHolds needs the type of the value to describe the inner matcher, so it is built when the
// type is known, and not with MakePolymorphicMatcher.
template <typename StatusOrType>
class IsOkAndHoldsMatcher : public ::testing::MatcherInterface<StatusOrType> {
 public:
  using Value = typename std::remove_reference_t<StatusOrType>::value_type;

  template <typename Inner>
  explicit IsOkAndHoldsMatcher(const Inner& inner)
      : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}

  bool MatchAndExplain(StatusOrType status_or,
                       ::testing::MatchResultListener* listener) const override {
    if (!status_or.ok()) {
      *listener << "whose status is " << status_or.status().ToString();
      return false;
    }
    // The default printer shows a StatusOr as raw bytes: show the value.
    *listener << "whose value is " << ::testing::PrintToString(*status_or) << ", ";
    return inner_.MatchAndExplain(*status_or, listener);
  }

  void DescribeTo(std::ostream* os) const override {
    *os << "is OK and holds a value that ";
    inner_.DescribeTo(os);
  }
  void DescribeNegationTo(std::ostream* os) const override {
    *os << "is not OK or holds a value that ";
    inner_.DescribeNegationTo(os);
  }

 private:
  ::testing::Matcher<const Value&> inner_;
};

template <typename Inner>
class IsOkAndHoldsFactory {
 public:
  explicit IsOkAndHoldsFactory(Inner inner) : inner_(std::move(inner)) {}

  template <typename StatusOrType>
  operator ::testing::Matcher<StatusOrType>() const {  // NOLINT: gMock converts implicitly.
    return ::testing::Matcher<StatusOrType>(new IsOkAndHoldsMatcher<const StatusOrType&>(inner_));
  }

 private:
  Inner inner_;
};

}  // namespace internal

// Matches an OK Status or StatusOr.
inline ::testing::PolymorphicMatcher<internal::IsOkMatcher> IsOk() {
  return ::testing::MakePolymorphicMatcher(internal::IsOkMatcher());
}

// Matches a StatusOr that is OK and whose value matches `inner` (a matcher or a plain value).
template <typename Inner>
internal::IsOkAndHoldsFactory<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return internal::IsOkAndHoldsFactory<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

// Matches a Status or StatusOr by its code, and by its message when a matcher is given.
inline ::testing::PolymorphicMatcher<internal::StatusIsMatcher> StatusIs(
    absl::StatusCode code, ::testing::Matcher<std::string> message = ::testing::_) {
  return ::testing::MakePolymorphicMatcher(internal::StatusIsMatcher(code, std::move(message)));
}

}  // namespace boardloop
