// Comparisons in conditions: ">= 1G", "kernel >=6.1", "ID=debian VERSION_ID>=12"; systemd.unit(5),
// "Conditions and Asserts". Failures are INVALID_ARGUMENT (BAD_VALUE) with what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace socketd {

enum class Operator : uint8_t {
  kLess,
  kLessOrEqual,
  kEqual,
  kUnequal,
  kGreaterOrEqual,
  kGreater,
  kMatches,     // a shell pattern
  kMatchesNot,  // the same
};

// A number or a size; without an operator it is the least.
struct NumberComparison {
  Operator by = Operator::kGreaterOrEqual;
  uint64_t operand = 0;

  bool Holds(uint64_t value) const;
};
absl::StatusOr<NumberComparison> ParseNumberComparison(absl::string_view text);
absl::StatusOr<NumberComparison> ParseSizeComparison(absl::string_view text);

struct TextComparison {
  std::string field;  // what is compared; empty: the version
  Operator by = Operator::kEqual;
  std::string operand;

  // = and != compare texts, other signs versions (base/version_order.h).
  bool Holds(absl::string_view value) const;
};

enum class Component : uint8_t { kKernel, kGlibc, kSystemd };

// What Version= and KernelVersion= ask: all of them must hold. A word without an operator is a
// pattern.
struct VersionComparison {
  Component component = Component::kKernel;
  std::vector<TextComparison> all;
};
absl::StatusOr<VersionComparison> ParseVersionComparison(absl::string_view text);

// What OSRelease= asks: all of them must hold.
absl::StatusOr<std::vector<TextComparison>> ParseFieldComparisons(absl::string_view text);

}  // namespace socketd
