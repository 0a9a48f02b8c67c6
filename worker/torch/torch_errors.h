// LibTorch throws; the rest of the project returns statuses. Here is the edge between the two.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "c10/util/Exception.h"

namespace boardloop {

// Runs `work`, which returns absl::Status. What LibTorch throws becomes INTERNAL, no memory
// RESOURCE_EXHAUSTED.
template <typename Work>
absl::Status CatchTorchErrors(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (text.find("out of memory") != std::string::npos ||
        text.find("not enough memory") != std::string::npos) {
      return absl::ResourceExhaustedError(absl::StrCat("LibTorch: ", text));
    }
    return absl::InternalError(absl::StrCat("LibTorch: ", text));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::exception& error) {  // A bad view() throws a plain std::runtime_error.
    return absl::InternalError(absl::StrCat("LibTorch: ", error.what()));
  }
}

}  // namespace boardloop
