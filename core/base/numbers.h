// Numbers as people read them: thousands separated, units of 1024 bytes, shares as percentages.
#pragma once

#include <cstdint>
#include <string>

namespace boardloop {

// 1404928 -> "1,404,928"
std::string FormatInteger(int64_t value);
// With `decimals` in [0, 9] after the point: (1234.5, 2) -> "1,234.50". What is not finite is "-".
std::string FormatDecimal(double value, int decimals);
// In units of 1024 bytes, with one decimal: 1404928 -> "1,372.0 kB".
std::string FormatKb(int64_t bytes);
// 300774272 -> "300.8M", 743208 -> "743.2k": units of 1000, for MACs and parameters.
std::string FormatCount(double count);
// 0.093 -> "9.3%"
std::string FormatShare(double share);

}  // namespace boardloop
